// SPDX-License-Identifier: MIT
//
// ioctl(2) commands that concern any file; terminals' are in abi/termios.h.

#pragma once

#define FIONREAD 0x541bu
#define FIONBIO  0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX  0x5451u
#define FIOASYNC 0x5452u
