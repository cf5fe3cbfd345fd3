// SPDX-License-Identifier: MIT
//
// The line discipline: what stands between a terminal's keys and a program's
// reads, and between its writes and the screen (termios(3)). Pure: it reaches
// the terminal by two callbacks, so that host unit tests compile it. The
// caller's lock protects all of it.

#pragma once

#include <abi/termios.h>
#include <lib/types.h>

#define TTY_LINE_SIZE 4096u  // bytes of input that wait for a reader

struct tty_line;

struct tty_line_ops {
    // Put bytes on the screen as they are (echo).
    void (*echo)(struct tty_line *line, const char *s, size_t n);
    // A key that stands for a signal was pressed.
    void (*signal)(struct tty_line *line, int signal);
};

struct tty_line {
    const struct tty_line_ops *ops;
    struct abi_termios termios;
    bool literal_next;     // after VLNEXT
    bool stopped;          // output, by VSTOP
    unsigned column;       // of the cursor
    unsigned line_column;  // where the line being typed began
    // Counts of bytes: taken by readers, ready for readers (canonical mode:
    // whole lines), typed.
    unsigned taken, ready, typed;
    char buffer[TTY_LINE_SIZE];
    // Bit per byte: it ends a line; and if it is '\0' it is an end of file and
    // no byte itself.
    uint8_t ends[TTY_LINE_SIZE / 8];
};

void tty_line_init(struct tty_line *line, const struct tty_line_ops *ops);

// Change the settings; input that waits is kept.
void tty_line_set_termios(struct tty_line *line,
                          const struct abi_termios *termios);
void tty_line_flush_input(struct tty_line *line);

// A key was pressed.
void tty_line_input(struct tty_line *line, char c);

// Bytes for a reader. In canonical mode at most one line, whose end is told in
// *end (then 0 bytes are an end of file).
bool tty_line_readable(const struct tty_line *line);
size_t tty_line_read(struct tty_line *line, char *buf, size_t n, bool *end);
size_t tty_line_available(const struct tty_line *line);

// What a written byte becomes on the screen: up to TTY_LINE_OUTPUT_MAX bytes in
// out; their count.
#define TTY_LINE_OUTPUT_MAX 8
size_t tty_line_output(struct tty_line *line, char c, char *out);
