// SPDX-License-Identifier: MIT
//
// When a packet arrived: SO_TIMESTAMP and its kin.

#pragma once

#include <lib/types.h>

struct message;
struct socket;

// Tell recvmsg's caller when the packet arrived, by the wall clock, if the
// socket's options ask for it. 0 or -EFAULT; see control_put.
must_check int timestamp_put(struct message *message,
                             const struct socket *socket, nsec_t arrived);
