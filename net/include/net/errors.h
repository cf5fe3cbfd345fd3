// SPDX-License-Identifier: MIT
//
// The tables from lwIP's and ICMP's errors to errno.

#pragma once

#include <lib/types.h>
#include <lwip/err.h>

int errno_of(err_t error);  // positive; 0 for ERR_OK and a clean close

struct icmp_errno {
    int error;  // positive
    bool hard;  // ends an association, where others may pass by themselves
};
const struct icmp_errno *icmp_unreachable_errno(uint8_t code);  // NULL: unknown
// NULL: the message is no error.
const struct icmp_errno *icmp6_errno(uint8_t type, uint8_t code);
