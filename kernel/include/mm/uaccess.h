// SPDX-License-Identifier: MIT
//
// The only way in which the kernel touches user memory: by looking up the page
// and copying through the direct map. A page that is missing is faulted in, so
// these functions may sleep, and may be called only under locks above RANK_MM,
// and never in interrupt context. They work on the running task's memory.

#pragma once

#include <abi/errno.h>
#include <lib/types.h>

// 0, or -EFAULT if any byte is out of reach; then some may have been copied.
must_check int copy_from_user(void *to, uaddr from, size_t n);
must_check int copy_to_user(uaddr to, const void *from, size_t n);
must_check int clear_user(uaddr to, size_t n);

// Could copy_to_user succeed? 0 or -EFAULT; changes nothing. Asked before
// something is taken that could not be put back.
must_check int user_write_check(uaddr to, size_t n);

// Copy a string of at most n bytes with its terminator. Its length without it,
// -EFAULT, or -ENAMETOOLONG if there is no terminator within n bytes.
ssize_t copy_string_from_user(char *to, uaddr from, size_t n);

// Typed forms: GET_USER(&kernel_variable, uaddr), PUT_USER(uaddr, value).
#define GET_USER(ptr, from) copy_from_user((ptr), (from), sizeof(*(ptr)))
#define PUT_USER(to, value)                                \
    ({                                                     \
        typeof(value) put_value = (value);                 \
        copy_to_user((to), &put_value, sizeof(put_value)); \
    })

// Atomic 32-bit operations on user memory for futexes. 0 or -EFAULT.
must_check int user_load_u32(uaddr at, uint32_t *value);
must_check int user_cmpxchg_u32(uaddr at, uint32_t expected, uint32_t desired,
                                uint32_t *found);

// Does [start, start + n) lie in user space at all?
bool user_range_ok(uaddr start, size_t n);
