// SPDX-License-Identifier: MIT
//
// Between tty_line.c, which knows keys and the buffer, and tty_edit.c, which
// knows what they look like on the screen.

#pragma once

#include "tty_line.h"

static inline bool input_flag(const struct tty_line *line, uint32_t flag)
{
    return line->termios.iflag & flag;
}

static inline bool local_flag(const struct tty_line *line, uint32_t flag)
{
    return line->termios.lflag & flag;
}

// Is c the special character? 0 turns one off.
static inline bool is_special(const struct tty_line *line, char c,
                              enum termios_cc cc)
{
    return line->termios.cc[cc] && (uint8_t)c == line->termios.cc[cc];
}

static inline char typed_byte(const struct tty_line *line, unsigned at)
{
    return line->buffer[at % TTY_LINE_SIZE];
}

static inline void tty_echo(struct tty_line *line, const char *s, size_t n)
{
    line->ops->echo(line, s, n);
}

// Show a typed byte: as itself, or as ^X.
void tty_echo_typed(struct tty_line *line, char c);

// VERASE, VWERASE or VKILL was pressed.
void tty_erase(struct tty_line *line, char c);

// VREPRINT was: show the line afresh.
void tty_reprint(struct tty_line *line);
