// SPDX-License-Identifier: MIT
//
// Copies that tell how far they came; <mm/uaccess.h> is made of these.

#pragma once

#include <lib/types.h>

// Return the bytes that were not moved, 0 when all were. Past the end of user
// space nothing is.
size_t user_copy_in(void *to, uaddr from, size_t n);
size_t user_copy_out(uaddr to, const void *from, size_t n);
size_t user_clear(uaddr to, size_t n);
