// SPDX-License-Identifier: MIT
//
// The line discipline's screen: echo, output processing, and how the line that
// is being typed is edited.

#include "tty_edit.h"

#include <string.h>

#define TAB_WIDTH 8

static bool is_control(char c)
{
    return (uint8_t)c < 0x20 || c == 0x7f;
}

static bool is_continuation(const struct tty_line *line, char c)
{
    return input_flag(line, IUTF8) && ((uint8_t)c & 0xc0) == 0x80;
}

// The column after c has been shown at a column.
static unsigned column_after(const struct tty_line *line, char c,
                             unsigned column)
{
    if (c == '\t')
        return (column / TAB_WIDTH + 1) * TAB_WIDTH;
    if (is_control(c))
        return local_flag(line, ECHOCTL) ? column + 2 : column;
    return is_continuation(line, c) ? column : column + 1;
}

static void echo_newline(struct tty_line *line)
{
    char out[TTY_LINE_OUTPUT_MAX];

    tty_echo(line, out, tty_line_output(line, '\n', out));
}

void tty_echo_typed(struct tty_line *line, char c)
{
    if (line->typed == line->ready)
        line->line_column = line->column;
    if (c == '\n') {
        echo_newline(line);
    } else if (is_control(c) && c != '\t' && local_flag(line, ECHOCTL)) {
        char shown[2] = {'^', c ^ 0x40};
        tty_echo(line, shown, 2);
        line->column += 2;
    } else {
        char out[TTY_LINE_OUTPUT_MAX];
        tty_echo(line, out, tty_line_output(line, c, out));
    }
}

size_t tty_line_output(struct tty_line *line, char c, char *out)
{
    uint32_t flags = line->termios.oflag;
    size_t n = 0;

    if (!(flags & OPOST)) {
        out[0] = c;
        return 1;
    }
    if (c == '\r' && (flags & OCRNL))
        c = '\n';
    if (c == '\r' && (flags & ONOCR) && line->column == 0)
        return 0;
    if (c == '\n' && (flags & ONLCR))
        out[n++] = '\r';
    if (c == '\r' || (c == '\n' && (flags & (ONLCR | ONLRET))))
        line->column = 0;
    if (c == '\b' && line->column > 0)
        line->column--;
    if (c == '\t') {
        unsigned column = column_after(line, c, line->column);
        unsigned width = column - line->column;
        line->column = column;
        if ((flags & XTABS) == XTABS) {
            memset(out, ' ', width);
            return width;
        }
    } else if (!is_control(c) && !is_continuation(line, c)) {
        line->column++;
    }
    if ((flags & OLCUC) && c >= 'a' && c <= 'z')
        c ^= 0x20;
    out[n++] = c;
    return n;
}

// ---- editing ----

// Wipe from the screen what is no longer in the line.
static void echo_erased(struct tty_line *line)
{
    unsigned column = line->line_column;

    for (unsigned at = line->ready; at != line->typed; at++)
        column = column_after(line, typed_byte(line, at), column);
    for (; line->column > column; line->column--)
        tty_echo(line, "\b \b", 3);
}

// Take the last character, with all bytes that it has in UTF-8.
static void drop_character(struct tty_line *line)
{
    while (line->typed != line->ready &&
           is_continuation(line, typed_byte(line, line->typed - 1)))
        line->typed--;
    if (line->typed != line->ready)
        line->typed--;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           c == '_' || (uint8_t)c >= 0x80;
}

static void drop_word(struct tty_line *line)
{
    bool seen = false;

    while (line->typed != line->ready) {
        bool word = is_word(typed_byte(line, line->typed - 1));
        if (seen && !word)
            break;
        seen |= word;
        drop_character(line);
    }
}

void tty_erase(struct tty_line *line, char c)
{
    if (line->typed == line->ready)
        return;
    bool kill = is_special(line, c, VKILL);
    if (kill)
        line->typed = line->ready;
    else if (is_special(line, c, VWERASE))
        drop_word(line);
    else
        drop_character(line);

    if (!local_flag(line, ECHO))
        return;
    if (local_flag(line, ECHOE) && (!kill || local_flag(line, ECHOKE))) {
        echo_erased(line);
        return;
    }
    tty_echo_typed(line, c);
    if (kill && local_flag(line, ECHOK))
        echo_newline(line);
}

void tty_reprint(struct tty_line *line)
{
    tty_echo_typed(line, (char)line->termios.cc[VREPRINT]);
    echo_newline(line);
    line->line_column = 0;
    for (unsigned at = line->ready; at != line->typed; at++)
        tty_echo_typed(line, typed_byte(line, at));
}
