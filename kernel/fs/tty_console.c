// SPDX-License-Identifier: MIT
//
// The terminal on the UART: /dev/ttyS0, and /dev/console, which is the same but
// never becomes a controlling terminal by being opened.

#include "tty.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/uart.h>
#include <fs/vfs.h>
#include <lib/linkset.h>

static struct tty console;

static size_t console_write(struct tty *tty, const char *s, size_t n)
{
    (void)tty;
    return uart_write(s, n);
}

static size_t console_pending(struct tty *tty)
{
    (void)tty;
    return uart_pending();
}

static const struct tty_driver console_driver = {
    .write = console_write,
    .pending = console_pending,
    .capacity = UART_RING_SIZE,
    .drains = true,
};

static void console_receive(const char *s, size_t n)
{
    tty_receive(&console, s, n);
}

static void console_transmit_ready(void)
{
    tty_write_ready(&console);
}

static const struct uart_client client = {
    .receive = console_receive,
    .transmit_ready = console_transmit_ready,
};

static int console_init(void)
{
    tty_init(&console, &console_driver);
    console.rdev = MAKEDEV(4, 64);
    if (uart_present())
        uart_set_client(&client);
    return 0;
}
INITCALL(INIT_DRIVERS, console_init);

static int console_open(struct inode *inode, struct file *file)
{
    (void)inode;
    if (!uart_present())
        return -ENODEV;
    file->flags |= O_NOCTTY;
    tty_open(&console, file);
    return 0;
}

static int serial_open(struct inode *inode, struct file *file)
{
    (void)inode;
    if (!uart_present())
        return -ENODEV;
    tty_open(&console, file);
    return 0;
}

static const struct file_ops console_ops = {
    .name = "console",
    .open = console_open,
};
static const struct file_ops serial_ops = {
    .name = "ttyS0",
    .open = serial_open,
};

DEVICE(console) = {"console", S_IFCHR | 0600, MAKEDEV(5, 1), &console_ops};
DEVICE(ttyS0) = {"ttyS0", S_IFCHR | 0660, MAKEDEV(4, 64), &serial_ops};
