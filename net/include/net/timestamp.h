// SPDX-License-Identifier: MIT
//
// When a packet arrived: SO_TIMESTAMP and its kin.

#pragma once

#include <lib/types.h>

struct message;
struct socket;

// Tell recvmsg's caller when the packet arrived, by the wall clock, if the
// socket's options ask for it. 0 or -EFAULT; see control_put.
must_check int timestamp_put(struct message *message, struct socket *socket,
                             nsec_t arrived);

// SIOCGSTAMP and its kin. 0, -EFAULT, -ENOENT (nothing was received yet),
// -ENOTTY (none of them).
long timestamp_ioctl(struct socket *socket, unsigned command, uaddr argument);
