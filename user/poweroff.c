// SPDX-License-Identifier: MIT
//
// poweroff: switches the machine off.

#include <err.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    sync();
    reboot(RB_POWER_OFF);
    err(1, "reboot");
}
