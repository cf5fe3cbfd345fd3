// SPDX-License-Identifier: MIT
//
// true: succeeds.

int main(void)
{
    return 0;
}
