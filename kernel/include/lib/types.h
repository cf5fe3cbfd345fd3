// SPDX-License-Identifier: MIT
//
// The words that every other file uses.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A signed count of bytes or -errno.
typedef int64_t ssize_t;

// An address in user space. An integer on purpose: it cannot be dereferenced
// by mistake, only handed to <mm/uaccess.h>.
typedef uint64_t uaddr;

// A physical address.
typedef uint64_t paddr;

// Nanoseconds, of the monotonic clock unless said otherwise.
typedef uint64_t nsec_t;
#define NSEC_PER_SEC  1000000000ul
#define NSEC_PER_MSEC 1000000ul
#define NSEC_PER_USEC 1000ul
#define NSEC_FOREVER  UINT64_MAX

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)

#define KiB 1024ul
#define MiB (1024ul * KiB)
#define GiB (1024ul * MiB)

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)   (((x) + (a)-1) & ~((typeof(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a)-1))
#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b)                      \
    ({                                 \
        typeof(a) min_a = (a);         \
        typeof(b) min_b = (b);         \
        min_a < min_b ? min_a : min_b; \
    })
#define MAX(a, b)                      \
    ({                                 \
        typeof(a) max_a = (a);         \
        typeof(b) max_b = (b);         \
        max_a > max_b ? max_a : max_b; \
    })

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noreturn    __attribute__((noreturn))
#define must_check  __attribute__((warn_unused_result))
#define weak        __attribute__((weak))

// One load or store that the compiler neither splits nor repeats, for data
// that another hart or a device changes; no ordering beyond that.
#define READ_ONCE(x)     (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
