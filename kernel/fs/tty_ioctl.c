// SPDX-License-Identifier: MIT
//
// A terminal's settings: ioctl_tty(2).

#include "tty.h"

#include <abi/errno.h>
#include <abi/ioctl.h>
#include <mm/uaccess.h>
#include <proc/task.h>

static long get_termios(struct tty *tty, uaddr argument, size_t size)
{
    struct abi_termios termios;

    WITH_LOCK(&tty->lock)
        termios = tty->line.termios;
    return copy_to_user(argument, &termios, size);
}

// TCSETS at once, TCSETSW after the output is shown, TCSETSF also drops input.
enum set_when {
    SET_NOW,
    SET_WAIT,
    SET_FLUSH
};

static long set_termios(struct tty *tty, uaddr argument, size_t size,
                        enum set_when when)
{
    struct abi_termios termios;
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    WITH_LOCK(&tty->lock)
        termios = tty->line.termios;
    if (copy_from_user(&termios, argument, size))
        return -EFAULT;
    if (when != SET_NOW && (error = tty_drain(tty)))
        return error;
    WITH_LOCK(&tty->lock) {
        if (when == SET_FLUSH)
            tty_line_flush_input(&tty->line);
        tty_line_set_termios(&tty->line, &termios);
    }
    // Who waits by the old settings looks again.
    wake_up_all(&tty->read_wait);
    tty_write_ready(tty);
    return 0;
}

static long get_size(struct tty *tty, uaddr argument)
{
    struct abi_winsize size;

    WITH_LOCK(&tty->lock)
        size = tty->size;
    return PUT_USER(argument, size);
}

static long set_size(struct tty *tty, uaddr argument)
{
    struct abi_winsize size, old;

    if (GET_USER(&size, argument))
        return -EFAULT;
    WITH_LOCK(&tty->lock) {
        old = tty->size;
        tty->size = size;
    }
    bool same = old.rows == size.rows && old.columns == size.columns &&
                old.xpixel == size.xpixel && old.ypixel == size.ypixel;
    int group = READ_ONCE(tty->group);
    if (!same && group)
        signal_group(group, SIGWINCH, NULL);
    return 0;
}

static long flush(struct tty *tty, uaddr which)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    if (which > TCIOFLUSH)
        return -EINVAL;
    // Output is the driver's as soon as it is written; there is none to drop.
    if (which != TCOFLUSH)
        WITH_LOCK(&tty->lock)
            tty_line_flush_input(&tty->line);
    return 0;
}

static long flow(struct tty *tty, uaddr action)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    if (action != TCOOFF && action != TCOON)
        return -EINVAL;
    WITH_LOCK(&tty->lock)
        tty->line.stopped = action == TCOOFF;
    tty_write_ready(tty);
    return 0;
}

static long drain(struct tty *tty)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    return error ? error : tty_drain(tty);
}

static long input_count(struct tty *tty, uaddr argument)
{
    int32_t count = 0;

    WITH_LOCK(&tty->lock)
        count = (int32_t)tty_line_available(&tty->line);
    return PUT_USER(argument, count);
}

long tty_ioctl(struct file *file, unsigned command, uaddr argument)
{
    struct tty *tty = file->private;
    const size_t old_size = TERMIOS_SIZE, new_size = sizeof(struct abi_termios);

    switch (command) {
    case TCGETS:
        return get_termios(tty, argument, old_size);
    case TCGETS2:
        return get_termios(tty, argument, new_size);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, argument, old_size, command - TCSETS);
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(tty, argument, new_size, command - TCSETS2);
    case TIOCGWINSZ:
        return get_size(tty, argument);
    case TIOCSWINSZ:
        return set_size(tty, argument);
    case TCFLSH:
        return flush(tty, argument);
    case TCXONC:
        return flow(tty, argument);
    case TCSBRK:
    case TCSBRKP:  // a break is not something that this line can send
        return drain(tty);
    case TIOCINQ:
        return input_count(tty, argument);
    case TIOCOUTQ:
        return PUT_USER(argument, (int32_t)tty->driver->pending(tty));
    default:
        return tty_session_ioctl(tty, command, argument);
    }
}
