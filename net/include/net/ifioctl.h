// SPDX-License-Identifier: MIT
//
// The SIOCGIF* ioctls, netdevice(7), that any Internet socket answers.

#pragma once

#include <lib/types.h>

// 0 or -errno; -ENOTTY for a command that is none of them.
long interface_ioctl(unsigned command, uaddr argument);
