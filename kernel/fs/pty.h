// SPDX-License-Identifier: MIT
//
// Pseudo-terminals, pty(7): a terminal whose screen and keys are a file, the
// master. Private to pty.c, pty_master.c and devpts.c.
//
// Key: (b) the tty's lock, (i) immutable, (a) atomic.

#pragma once

#include "tty.h"

#define PTY_RING_SIZE 4096u  // bytes written by the slave that wait
#define PTY_MAJOR     136    // of slaves; the minor is the number

struct pty {
    struct tty tty;   // the slave; first, since tty_ioctl serves both sides
    uint32_t refs;    // (a) the master, and every file of the slave
    unsigned number;  // (i)
    bool locked;      // (b) the slave cannot be opened yet (unlockpt)
    bool was_opened;  // (b) the slave was, once
    unsigned slaves;  // (b) files of it
    struct wait_queue master_wait;  // output, room for input, hang-up
    unsigned head, tail;            // (b) of the ring: bytes put and taken
    char ring[PTY_RING_SIZE];       // (b)
};

static inline struct pty *pty_of(struct tty *tty)
{
    return container_of(tty, struct pty, tty);
}

static inline unsigned pty_output(const struct pty *pty)
{
    return pty->head - pty->tail;
}

// A pseudo-terminal with one reference, the master's, and its name in devpts.
// -ENOMEM, -ENOSPC.
int pty_create(struct pty **pty);
// The master is closed: the slave's name goes, the line hangs up.
void pty_hang_up(struct pty *pty);
void pty_put(struct pty *pty);
// The one of that number, with a reference, or NULL.
struct pty *pty_find(unsigned number);

// devpts.c: the name /dev/pts/NUMBER comes and goes.
int devpts_add(unsigned number);
void devpts_remove(unsigned number);
extern const struct file_ops pty_slave_ops;
