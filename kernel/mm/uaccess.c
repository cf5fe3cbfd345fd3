// SPDX-License-Identifier: MIT
//
// Range checks in front of the routines of user_copy.S, which trust addresses
// to be the user's: with SUM set a load from the kernel's half would succeed.

#include <mm/uaccess.h>
#include <riscv/memory_layout.h>

#include "user_copy.h"

// user_copy.S. The first two return the bytes left, the others 0 or -EFAULT.
size_t uaccess_copy(void *to, const void *from, size_t n);
size_t uaccess_clear(void *to, size_t n);
ssize_t uaccess_copy_string(char *to, const char *from, size_t n);
int uaccess_load_u32(const void *at, uint32_t *value);
int uaccess_cmpxchg_u32(void *at, uint32_t expected, uint32_t desired,
                        uint32_t *found);

bool user_range_ok(uaddr start, size_t n)
{
    return n <= USER_TOP && start <= USER_TOP - n;
}

size_t user_copy_in(void *to, uaddr from, size_t n)
{
    return user_range_ok(from, n) ? uaccess_copy(to, (void *)from, n) : n;
}

size_t user_copy_out(uaddr to, const void *from, size_t n)
{
    return user_range_ok(to, n) ? uaccess_copy((void *)to, from, n) : n;
}

size_t user_clear(uaddr to, size_t n)
{
    return user_range_ok(to, n) ? uaccess_clear((void *)to, n) : n;
}

int copy_from_user(void *to, uaddr from, size_t n)
{
    return user_copy_in(to, from, n) ? -EFAULT : 0;
}

int copy_to_user(uaddr to, const void *from, size_t n)
{
    return user_copy_out(to, from, n) ? -EFAULT : 0;
}

int clear_user(uaddr to, size_t n)
{
    return user_clear(to, n) ? -EFAULT : 0;
}

ssize_t copy_string_from_user(char *to, uaddr from, size_t n)
{
    if (from >= USER_TOP)
        return -EFAULT;
    size_t room = MIN(n, USER_TOP - from);
    ssize_t length = uaccess_copy_string(to, (const char *)from, room);
    return length == -ENAMETOOLONG && room < n ? -EFAULT : length;
}

int user_load_u32(uaddr at, uint32_t *value)
{
    if (!user_range_ok(at, sizeof(*value)))
        return -EFAULT;
    return uaccess_load_u32((void *)at, value);
}

int user_cmpxchg_u32(uaddr at, uint32_t expected, uint32_t desired,
                     uint32_t *found)
{
    if (!user_range_ok(at, sizeof(*found)))
        return -EFAULT;
    return uaccess_cmpxchg_u32((void *)at, expected, desired, found);
}
