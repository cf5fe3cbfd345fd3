// SPDX-License-Identifier: MIT
//
// FUTEX_WAKE_OP: change a second word, wake waiters of the first, and of the
// second too if its old value compares as asked.

#include <abi/errno.h>
#include <mm/uaccess.h>

#include "futex.h"

// The operation is packed: 4 bits what to do, 4 bits how to compare the old
// value, 12 bits each for the two operands, futex(2).
static int sign_extend_12(uint32_t x)
{
    return (int32_t)(x << 20) >> 20;
}

static int apply(unsigned operation, uint32_t old, uint32_t operand,
                 uint32_t *new)
{
    switch (operation) {
    case 0:
        *new = operand;
        return 0;
    case 1:
        *new = old + operand;
        return 0;
    case 2:
        *new = old | operand;
        return 0;
    case 3:
        *new = old & ~operand;
        return 0;
    case 4:
        *new = old ^ operand;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int compare(unsigned comparison, int old, int operand)
{
    switch (comparison) {
    case 0:
        return old == operand;
    case 1:
        return old != operand;
    case 2:
        return old < operand;
    case 3:
        return old <= operand;
    case 4:
        return old > operand;
    case 5:
        return old >= operand;
    default:
        return -ENOSYS;
    }
}

// Change the word at `at`; 1 or 0 as the comparison of its old value says.
static int change_word(uaddr at, uint32_t packed)
{
    unsigned operation = packed >> 28 & 7;
    uint32_t operand = sign_extend_12(packed >> 12 & 0xfff), old, new;
    if (packed >> 31)  // the operand is a number of bits to shift 1 by
        operand = 1u << (operand & 31);
    int error = user_load_u32(at, &old);
    while (!error) {
        uint32_t found;
        error = apply(operation, old, operand, &new);
        if (!error)
            error = user_cmpxchg_u32(at, old, new, &found);
        if (!error && found == old)
            return compare(packed >> 24 & 15, old, sign_extend_12(packed));
        old = found;
    }
    return error;
}

long futex_wake_op(uaddr at, uaddr at2, bool shared, int n, int n2,
                   uint32_t packed)
{
    struct futex_key key, key2;
    int error = futex_find_key(at, shared, &key);
    if (!error)
        error = futex_find_key(at2, shared, &key2);
    if (error)
        return error;
    int matches = change_word(at2, packed);
    if (matches < 0)
        return matches;
    int woken = futex_wake_key(&key, n, FUTEX_ALL_BITS);
    return matches ? woken + futex_wake_key(&key2, n2, FUTEX_ALL_BITS) : woken;
}
