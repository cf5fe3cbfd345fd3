/* SPDX-License-Identifier: MIT */
/*
 * What lwIP asks of its port's compiler and platform. Included by lwip/arch.h;
 * functions are in net/lwip/port.c.
 */
#pragma once

#include <lib/types.h>

/* The kernel's own ssize_t stands; keep lwIP from defining another. */
#define SSIZE_MAX        INT64_MAX
#define LWIP_NO_UNISTD_H 1

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#define LWIP_PROVIDE_ERRNO 0

#define LWIP_RAND()                   lwip_port_random()
#define LWIP_PLATFORM_DIAG(arguments) lwip_port_log arguments
#define LWIP_PLATFORM_ASSERT(message) \
    lwip_port_assert((message), __FILE__, __LINE__)
#define LWIP_ASSERT_CORE_LOCKED() lwip_port_assert_core_locked()

uint32_t lwip_port_random(void);
void lwip_port_log(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void lwip_port_assert(const char *message, const char *file, int line);
void lwip_port_assert_core_locked(void);
