// SPDX-License-Identifier: MIT
//
// The console's NS16550A, with interrupts both ways.

#pragma once

#include <lib/types.h>

// What the tty layer does with input, in interrupt context; and its chance to
// send more when the transmitter has room. Set once by fs/tty.c.
struct uart_client {
    void (*receive)(const char *s, size_t n);
    void (*transmit_ready)(void);
};
void uart_set_client(const struct uart_client *client);

// Queue up to n bytes for the transmitter without waiting; returns how many
// were taken. transmit_ready follows when there is room again. Any context.
size_t uart_write(const char *s, size_t n);
bool uart_present(void);

// Bytes queued and not yet handed to the hardware. If there are any,
// transmit_ready follows as they get less, below UART_LOW_WATER.
size_t uart_pending(void);
#define UART_RING_SIZE 4096u  // what uart_write can take at once; a power of 2
#define UART_LOW_WATER (UART_RING_SIZE / 2)

// Write what is queued and then all of s, waiting for the hardware: the kernel
// log and panics only.
void uart_write_sync(const char *s, size_t n);

// Wait until all that is queued is written: before the power goes.
void uart_flush(void);
