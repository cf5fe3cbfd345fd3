// SPDX-License-Identifier: MIT
//
// sync: writes what is only in memory to the disks.

#include <unistd.h>

int main(void)
{
    sync();
    return 0;
}
