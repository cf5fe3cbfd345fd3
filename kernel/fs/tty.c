// SPDX-License-Identifier: MIT
//
// Terminals: reading and writing through the line discipline.

#include "tty.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <dev/timer.h>
#include <proc/task.h>
#include <string.h>

#define CHUNK 256ul

static void line_echo(struct tty_line *line, const char *s, size_t n)
{
    struct tty *tty = container_of(line, struct tty, line);

    // What does not fit is lost: echo waits for nobody.
    tty->driver->write(tty, s, n);
}

static void line_signal(struct tty_line *line, int signal)
{
    container_of(line, struct tty, line)->signals |= 1u << signal;
}

static const struct tty_line_ops line_ops = {line_echo, line_signal};

void tty_init(struct tty *tty, const struct tty_driver *driver)
{
    memset(tty, 0, sizeof(*tty));
    tty->driver = driver;
    spin_init(&tty->lock, RANK_TTY_BUFFER, "tty");
    mutex_init(&tty->read_lock, RANK_TTY, "tty reader");
    mutex_init(&tty->write_lock, RANK_TTY, "tty writer");
    wait_queue_init(&tty->read_wait);
    wait_queue_init(&tty->write_wait);
    tty_line_init(&tty->line, &line_ops);
}

// ---- from the driver ----

void tty_receive(struct tty *tty, const char *s, size_t n)
{
    bool readable = false, was_stopped = false, stopped = false;
    unsigned signals = 0;

    WITH_LOCK(&tty->lock) {
        was_stopped = tty->line.stopped;
        for (size_t i = 0; i < n; i++)
            tty_line_input(&tty->line, s[i]);
        stopped = tty->line.stopped;
        readable = tty_line_available(&tty->line) > 0;
        signals = tty->signals;
        tty->signals = 0;
    }
    if (readable)
        wake_up_events(&tty->read_wait, POLLIN | POLLRDNORM);
    if (was_stopped && !stopped)
        tty_write_ready(tty);
    // Signals take process_tree_lock, which stands above the tty's.
    for (int signal = 1; signals >> signal; signal++)
        if (signals >> signal & 1)
            signal_group(READ_ONCE(tty->group), signal, NULL);
}

void tty_write_ready(struct tty *tty)
{
    wake_up_events(&tty->write_wait, POLLOUT | POLLWRNORM);
}

// ---- reading ----

static bool input_ready(struct tty *tty, unsigned least)
{
    bool ready = false;

    WITH_LOCK(&tty->lock)
        ready = tty->hung_up || tty_line_available(&tty->line) >= least;
    return ready;
}

static nsec_t after_tenths(unsigned tenths)
{
    return clock_monotonic() + tenths * 100 * NSEC_PER_MSEC;
}

// Wait for at least that many bytes. 0, -EAGAIN, -ERESTARTSYS, or -ETIMEDOUT.
static int wait_input(struct tty *tty, unsigned least, nsec_t deadline,
                      unsigned flags)
{
    if (input_ready(tty, least))
        return 0;
    if (flags & O_NONBLOCK)
        return -EAGAIN;
    return wait_event_interruptible_until(&tty->read_wait,
                                          input_ready(tty, least), deadline);
}

// How a read in raw mode waits: termios(3), cases A to D of VMIN and VTIME.
static int wait_raw(struct tty *tty, unsigned minimum, unsigned tenths,
                    unsigned flags)
{
    int error;

    if (!minimum && !tenths)
        return 0;
    if (!minimum) {
        error = wait_input(tty, 1, after_tenths(tenths), flags);
    } else if (!tenths) {
        error = wait_input(tty, minimum, NSEC_FOREVER, flags);
    } else {
        // The timer runs between bytes, so the first is waited for freely.
        unsigned have = 1;
        error = wait_input(tty, have, NSEC_FOREVER, flags);
        while (!error && have < minimum) {
            have = (unsigned)tty_line_available(&tty->line) + 1;
            have = MIN(have, minimum);
            error = wait_input(tty, have, after_tenths(tenths), flags);
            if (tty->hung_up || have == minimum)
                break;
        }
    }
    // What came before a signal or the timer is what there is to read.
    if (error == -ETIMEDOUT || (error && tty_line_available(&tty->line)))
        return 0;
    return error;
}

// Move what is there, up to the end of a line, to the caller.
static ssize_t take_input(struct tty *tty, struct uio *uio)
{
    size_t before = uio->done;
    char chunk[CHUNK];
    bool line_end = false;

    while (uio->resid && !line_end) {
        size_t n = 0;
        WITH_LOCK(&tty->lock)
            n = tty_line_read(&tty->line, chunk, MIN(uio->resid, CHUNK),
                              &line_end);
        if (n == 0)
            break;
        if (tty->driver->input_taken)
            tty->driver->input_taken(tty);
        if (copy_to_uio(uio, chunk, n))
            return uio->done > before ? (ssize_t)(uio->done - before) : -EFAULT;
    }
    return (ssize_t)(uio->done - before);
}

static ssize_t read_locked(struct tty *tty, struct uio *uio, unsigned flags)
{
    int error = tty_check_foreground(tty, SIGTTIN);

    if (error)
        return error;
    const struct abi_termios *termios = &tty->line.termios;
    if (termios->lflag & ICANON)
        error = wait_input(tty, 1, NSEC_FOREVER, flags);
    else
        error =
            wait_raw(tty, (unsigned)MIN((size_t)termios->cc[VMIN], uio->resid),
                     termios->cc[VTIME], flags);
    return error ? error : take_input(tty, uio);
}

static ssize_t tty_read(struct file *file, struct uio *uio, uint64_t *position,
                        unsigned flags)
{
    struct tty *tty = file->private;

    (void)position;
    if (!uio->resid)
        return 0;
    int error = mutex_lock_interruptible(&tty->read_lock);
    if (error)
        return error;
    ssize_t n = read_locked(tty, uio, flags);
    mutex_unlock(&tty->read_lock);
    return n;
}

// ---- writing ----

// Show as much of s as there is room for; how much.
static size_t show(struct tty *tty, const char *s, size_t n)
{
    char out[TTY_LINE_OUTPUT_MAX];
    size_t done = 0;

    WITH_LOCK(&tty->lock) {
        size_t room = tty->driver->capacity - tty->driver->pending(tty);
        while (done < n && room >= sizeof(out) && !tty->line.stopped) {
            size_t length = tty_line_output(&tty->line, s[done++], out);
            room -= tty->driver->write(tty, out, length);
        }
    }
    return done;
}

static bool output_ready(struct tty *tty)
{
    bool ready = false;

    WITH_LOCK(&tty->lock)
        ready =
            tty->hung_up || (!tty->line.stopped &&
                             tty->driver->capacity - tty->driver->pending(tty) >
                                 tty->driver->capacity / 4);
    return ready;
}

// Show all of s, waiting for room. How much was shown, in *shown.
static int show_all(struct tty *tty, const char *s, size_t n, size_t *shown,
                    unsigned flags)
{
    for (*shown = 0;;) {
        *shown += show(tty, s + *shown, n - *shown);
        if (*shown == n)
            return 0;
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error =
            wait_event_interruptible(&tty->write_wait, output_ready(tty));
        if (error)
            return error;
        if (tty->hung_up)
            return -EIO;
    }
}

static ssize_t write_locked(struct tty *tty, struct uio *uio, unsigned flags)
{
    size_t before = uio->done, shown;
    char chunk[CHUNK];
    int error = 0;

    while (uio->resid && !error) {
        size_t n = MIN(uio->resid, CHUNK);
        error = copy_from_uio(uio, chunk, n);
        if (error)
            break;
        error = show_all(tty, chunk, n, &shown, flags);
        uio_revert(uio, n - shown);
    }
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

static ssize_t tty_write(struct file *file, struct uio *uio, uint64_t *position,
                         unsigned flags)
{
    struct tty *tty = file->private;
    int error = 0;

    (void)position;
    if (tty->hung_up)
        return -EIO;
    if (tty->line.termios.lflag & TOSTOP)
        error = tty_check_foreground(tty, SIGTTOU);
    if (!error)
        error = mutex_lock_interruptible(&tty->write_lock);
    if (error)
        return error;
    ssize_t n = write_locked(tty, uio, flags);
    mutex_unlock(&tty->write_lock);
    return n;
}

int tty_drain(struct tty *tty)
{
    if (!tty->driver->drains)
        return 0;
    return wait_event_interruptible(&tty->write_wait,
                                    tty->hung_up || !tty->driver->pending(tty));
}

static unsigned tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = file->private;
    unsigned events = 0;

    poll_wait(table, &tty->read_wait);
    poll_wait(table, &tty->write_wait);
    WITH_LOCK(&tty->lock) {
        if (tty_line_readable(&tty->line))
            events |= POLLIN | POLLRDNORM;
    }
    if (output_ready(tty))
        events |= POLLOUT | POLLWRNORM;
    if (tty->hung_up)
        events |= POLLIN | POLLRDNORM | POLLHUP;
    return events;
}

static void tty_release(struct file *file)
{
    struct tty *tty = file->private;

    if (tty->driver->closed)
        tty->driver->closed(tty);
}

const struct file_ops tty_file_ops = {
    .name = "tty",
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
};

// ---- the beginning and the end ----

void tty_open(struct tty *tty, struct file *file)
{
    file->private = tty;
    file->ops = &tty_file_ops;
    if (tty->driver->opened)
        tty->driver->opened(tty);
    if (!(file->flags & O_NOCTTY))
        tty_acquire(tty);
}

void tty_hang_up(struct tty *tty)
{
    WITH_LOCK(&tty->lock)
        tty->hung_up = true;
    tty_release_session(tty);
    wake_up_all(&tty->read_wait);
    wake_up_all(&tty->write_wait);
}
