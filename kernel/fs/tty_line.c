// SPDX-License-Identifier: MIT
//
// The line discipline, see tty_line.h: keys, and the buffer that readers take
// from.

#include "tty_edit.h"

#include <abi/signal.h>
#include <string.h>

static const struct abi_termios default_termios = {
    .iflag = ICRNL | IXON,
    .oflag = OPOST | ONLCR,
    .cflag = B38400 | CS8 | CREAD | HUPCL,
    .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .cc = {[VINTR] = 3,
           [VQUIT] = 28,
           [VERASE] = 127,
           [VKILL] = 21,
           [VEOF] = 4,
           [VMIN] = 1,
           [VSTART] = 17,
           [VSTOP] = 19,
           [VSUSP] = 26,
           [VREPRINT] = 18,
           [VDISCARD] = 15,
           [VWERASE] = 23,
           [VLNEXT] = 22},
    .ispeed = 38400,
    .ospeed = 38400,
};

void tty_line_init(struct tty_line *line, const struct tty_line_ops *ops)
{
    memset(line, 0, sizeof(*line));
    line->ops = ops;
    line->termios = default_termios;
}

// ---- the buffer ----

static bool ends_line(const struct tty_line *line, unsigned at)
{
    at %= TTY_LINE_SIZE;
    return line->ends[at / 8] >> (at % 8) & 1;
}

static void store(struct tty_line *line, char c, bool end)
{
    unsigned at = line->typed++ % TTY_LINE_SIZE;
    uint8_t bit = (uint8_t)(1u << (at % 8));

    line->buffer[at] = c;
    line->ends[at / 8] =
        end ? line->ends[at / 8] | bit : line->ends[at / 8] & (uint8_t)~bit;
    if (end || !local_flag(line, ICANON))
        line->ready = line->typed;
}

void tty_line_flush_input(struct tty_line *line)
{
    line->taken = line->ready = line->typed;
    line->literal_next = false;
}

void tty_line_set_termios(struct tty_line *line,
                          const struct abi_termios *termios)
{
    bool canonical = local_flag(line, ICANON);

    line->termios = *termios;
    // What was typed so far is no longer edited, either way.
    if (canonical != local_flag(line, ICANON))
        line->ready = line->typed;
    if (!input_flag(line, IXON))
        line->stopped = false;
}

size_t tty_line_available(const struct tty_line *line)
{
    return line->ready - line->taken;
}

bool tty_line_readable(const struct tty_line *line)
{
    unsigned least = 1;

    if (!local_flag(line, ICANON) && !line->termios.cc[VTIME] &&
        line->termios.cc[VMIN])
        least = line->termios.cc[VMIN];
    return tty_line_available(line) >= least;
}

// Is the next byte the mark of an end of file?
static bool at_eof_mark(const struct tty_line *line)
{
    return line->taken != line->ready && ends_line(line, line->taken) &&
           typed_byte(line, line->taken) == '\0';
}

size_t tty_line_read(struct tty_line *line, char *buf, size_t n, bool *end)
{
    bool canonical = local_flag(line, ICANON);
    size_t done = 0;

    *end = false;
    while (done < n && line->taken != line->ready && !*end) {
        *end = canonical && ends_line(line, line->taken);
        bool mark = *end && at_eof_mark(line);
        char c = typed_byte(line, line->taken++);
        if (!mark)
            buf[done++] = c;
    }
    // A mark right behind what fills the buffer ends this read, not the next.
    if (canonical && !*end && done == n && at_eof_mark(line)) {
        line->taken++;
        *end = true;
    }
    return done;
}

// ---- keys ----

// Keys that stand for a signal. true: c was one.
static bool input_signal(struct tty_line *line, char c)
{
    static const struct {
        enum termios_cc cc;
        int signal;
    } keys[] = {{VINTR, SIGINT}, {VQUIT, SIGQUIT}, {VSUSP, SIGTSTP}};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!is_special(line, c, keys[i].cc))
            continue;
        if (!local_flag(line, NOFLSH))
            tty_line_flush_input(line);
        line->stopped = false;
        if (local_flag(line, ECHO))
            tty_echo_typed(line, c);
        line->ops->signal(line, keys[i].signal);
        return true;
    }
    return false;
}

// Keys that stop and start the output.
static bool input_flow(struct tty_line *line, char c)
{
    if (is_special(line, c, VSTART) || is_special(line, c, VSTOP)) {
        line->stopped = is_special(line, c, VSTOP);
        return true;
    }
    if (input_flag(line, IXANY))
        line->stopped = false;
    return false;
}

// Keys that edit the line.
static bool input_edit(struct tty_line *line, char c)
{
    bool extended = local_flag(line, IEXTEN);

    if (is_special(line, c, VERASE) || is_special(line, c, VKILL) ||
        (extended && is_special(line, c, VWERASE))) {
        tty_erase(line, c);
        return true;
    }
    if (extended && is_special(line, c, VLNEXT)) {
        line->literal_next = true;
        if (local_flag(line, ECHO) && local_flag(line, ECHOCTL))
            tty_echo(line, "^\b", 2);
        return true;
    }
    if (extended && local_flag(line, ECHO) && is_special(line, c, VREPRINT)) {
        tty_reprint(line);
        return true;
    }
    return false;
}

static void beep(struct tty_line *line)
{
    if (input_flag(line, IMAXBEL))
        tty_echo(line, "\a", 1);
}

// Store a byte and show it. The last place is kept for the end of a line.
static void input_byte(struct tty_line *line, char c, bool end)
{
    unsigned room = TTY_LINE_SIZE - (line->typed - line->taken);

    if (room == 0 || (room == 1 && !end)) {
        beep(line);
        return;
    }
    if (local_flag(line, ECHO) || (c == '\n' && local_flag(line, ECHONL)))
        tty_echo_typed(line, c);
    store(line, c, end);
}

static void input_canonical(struct tty_line *line, char c)
{
    if (input_edit(line, c))
        return;
    if (is_special(line, c, VEOF)) {
        if (line->typed - line->taken < TTY_LINE_SIZE)
            store(line, '\0', true);
        return;
    }
    bool end = c == '\n' || is_special(line, c, VEOL) ||
               (local_flag(line, IEXTEN) && is_special(line, c, VEOL2));
    input_byte(line, c, end);
}

void tty_line_input(struct tty_line *line, char c)
{
    if (input_flag(line, ISTRIP))
        c &= 0x7f;
    if (line->literal_next) {
        line->literal_next = false;
        input_byte(line, c, false);
        return;
    }
    if (input_flag(line, IXON) && input_flow(line, c))
        return;
    if (local_flag(line, ISIG) && input_signal(line, c))
        return;
    if (c == '\r' && input_flag(line, IGNCR))
        return;
    if (c == '\r' && input_flag(line, ICRNL))
        c = '\n';
    else if (c == '\n' && input_flag(line, INLCR))
        c = '\r';
    if (local_flag(line, ICANON))
        input_canonical(line, c);
    else
        input_byte(line, c, false);
}
