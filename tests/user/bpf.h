// SPDX-License-Identifier: MIT
//
// Classic BPF for tests: what <linux/filter.h> has, which musl lacks.
#pragma once

#include <stdint.h>

struct instruction {
    uint16_t code;
    uint8_t jump_true, jump_false;
    uint32_t k;
};

struct program {
    unsigned short length;
    const struct instruction *instructions;
};

#define LOAD_BYTE(offset)    \
    {                        \
        0x30, 0, 0, (offset) \
    }
#define LOAD_HALF(offset)    \
    {                        \
        0x28, 0, 0, (offset) \
    }
#define LOAD_WORD(offset)    \
    {                        \
        0x20, 0, 0, (offset) \
    }
#define LOAD_LENGTH   \
    {                 \
        0x80, 0, 0, 0 \
    }
#define LOAD_MEMORY(word)  \
    {                      \
        0x60, 0, 0, (word) \
    }
#define SKIP_UNLESS_EQUAL(value, skip) \
    {                                  \
        0x15, 0, (skip), (value)       \
    }
#define DIVIDE(value)       \
    {                       \
        0x34, 0, 0, (value) \
    }
#define SUBTRACT(value)     \
    {                       \
        0x14, 0, 0, (value) \
    }
#define RETURN(bytes)       \
    {                       \
        0x06, 0, 0, (bytes) \
    }
#define RETURN_A      \
    {                 \
        0x16, 0, 0, 0 \
    }

#define ANCILLARY      0xfffff000u
#define PROTOCOL       (ANCILLARY + 0)
#define PACKET_TYPE    (ANCILLARY + 4)
#define INTERFACE      (ANCILLARY + 8)
#define HARDWARE_TYPE  (ANCILLARY + 28)
#define PAYLOAD_OFFSET (ANCILLARY + 52)
#define NETWORK_HEADER 0xfff00000u
#define LINK_HEADER    0xffe00000u

#define PROGRAM(...)                                                \
    ((struct program){sizeof((struct instruction[]){__VA_ARGS__}) / \
                          sizeof(struct instruction),               \
                      (struct instruction[]){__VA_ARGS__}})

static inline int attach(int fd, struct program program)
{
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                      sizeof(program));
}
