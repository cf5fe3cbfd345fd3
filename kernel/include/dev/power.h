// SPDX-License-Identifier: MIT
//
// The end: the FDT's sifive,test device, whose value becomes QEMU's exit
// status, or else SBI SRST.

#pragma once

#include <lib/types.h>

noreturn void power_off(unsigned status);  // 0..255
noreturn void power_reboot(void);

// What is to be done before, where there is time for it (not in a panic): the
// file systems set it. May sleep.
extern void (*power_prepare)(void);
