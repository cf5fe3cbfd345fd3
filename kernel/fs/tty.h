// SPDX-License-Identifier: MIT
//
// A terminal: a line discipline over a driver, with the session that it
// controls. Private to the tty files of kernel/fs.
//
// Key: (b) lock, (i) immutable, (t) process_tree_lock.

#pragma once

#include "tty_line.h"

#include <fs/file.h>
#include <lib/lock.h>
#include <lib/wait.h>

struct tty;

struct tty_driver {
    // Take up to n bytes for the screen; how many. The tty's lock is held.
    size_t (*write)(struct tty *tty, const char *s, size_t n);
    // Bytes taken but not yet shown. If there are any, tty_write_ready follows
    // as they get less.
    size_t (*pending)(struct tty *tty);
    size_t capacity;  // of what pending counts
    bool drains;      // pending output goes away by itself, so it can be waited
                      // for
    // A file of the terminal was opened, and was closed (the last reference of
    // it). May be NULL.
    void (*opened)(struct tty *tty);
    void (*closed)(struct tty *tty);
    // A reader has taken input. May be NULL.
    void (*input_taken)(struct tty *tty);
};

struct tty {
    const struct tty_driver *driver;  // (i)
    struct spinlock lock;             // RANK_TTY_BUFFER
    struct tty_line line;             // (b)
    unsigned signals;                 // (b) bit n: to send when unlocked
    bool hung_up;                     // (b)
    struct abi_winsize size;          // (b)
    struct mutex read_lock;           // RANK_TTY: one reader at a time
    struct mutex write_lock;          // RANK_TTY: writes do not mix
    struct wait_queue read_wait;      // input, hang-up
    struct wait_queue write_wait;     // room, start after stop, hang-up
    int session, group;               // (t) controlled session, foreground
    uint64_t rdev;                    // (i) device number, for /proc/PID/stat
};

void tty_init(struct tty *tty, const struct tty_driver *driver);
extern const struct file_ops tty_file_ops;  // file->private is the tty

// For the driver's open operation: the file is one of the terminal, which
// becomes the running session's unless it has one, or O_NOCTTY was said.
void tty_open(struct tty *tty, struct file *file);

// The line is gone for good: readers see the end, writers EIO, and the session
// loses its terminal and hears SIGHUP. May sleep.
void tty_hang_up(struct tty *tty);

// From the driver, any context: keys were pressed; there is room to write.
void tty_receive(struct tty *tty, const char *s, size_t n);
void tty_write_ready(struct tty *tty);

// Wait until all that was written is shown. 0 or -ERESTARTSYS.
int tty_drain(struct tty *tty);

long tty_ioctl(struct file *file, unsigned command, uaddr argument);

// ---- job control (tty_session.c) ----

// May the running task use the terminal? If it is in the background it is sent
// the signal (SIGTTIN, SIGTTOU). 0, -EIO, -ERESTARTSYS.
int tty_check_foreground(struct tty *tty, int signal);

// A session leader without a terminal gets this one.
void tty_acquire(struct tty *tty);
// The session that it controls loses it, and is told.
void tty_release_session(struct tty *tty);
long tty_session_ioctl(struct tty *tty, unsigned command, uaddr argument);
