// SPDX-License-Identifier: MIT
//
// signalfd4(2): signals as records to read. Whoever reads, polls or waits gets
// the signals that are pending for itself, not for who made the descriptor.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/file.h>
#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

struct abi_signalfd_siginfo {
    uint32_t signo;
    int32_t error, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t tid, band, overrun, trapno;
    int32_t status, integer;
    uint64_t pointer, utime, stime, address;
    uint8_t unused[48];
};
_Static_assert(sizeof(struct abi_signalfd_siginfo) == 128, "signalfd_siginfo");

// A process whose queue has been given to somebody who polls. An entry on it
// may outlive the process, on behalf of another that shares the descriptor, so
// the queue stays until the file is gone.
struct listener {
    struct listener *next;
    struct process *process;
};

struct signalfd {
    uint64_t mask;               // (a) signals to take
    struct mutex lock;           // RANK_LEAF_MUTEX
    struct listener *listeners;  // (lock)
};

// ---- records ----

static bool is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
           signal == SIGFPE || signal == SIGTRAP;
}

// Only the fields that the signal's origin fills in are carried over.
static struct abi_signalfd_siginfo record(const struct abi_siginfo *info)
{
    struct abi_signalfd_siginfo to = {
        .signo = (uint32_t)info->signo,
        .error = info->error,
        .code = info->code,
    };
    bool kernel = info->code > 0 && info->code < SI_KERNEL;

    if (info->code == SI_TIMER) {
        to.tid = (uint32_t)info->timer.id;
        to.overrun = (uint32_t)info->timer.overrun;
        to.pointer = info->timer.value;
        to.integer = (int32_t)info->timer.value;
    } else if (kernel && is_fault(info->signo)) {
        to.address = info->fault.address;
    } else if (kernel && info->signo == SIGIO) {
        to.band = (uint32_t)info->poll.band;
        to.fd = info->poll.fd;
    } else {
        to.pid = (uint32_t)info->kill.pid;
        to.uid = info->kill.uid;
    }
    if (kernel && info->signo == SIGCHLD) {
        to.status = info->child.status;
        to.utime = (uint64_t)info->child.utime;
        to.stime = (uint64_t)info->child.stime;
    } else if (info->code == SI_QUEUE) {
        to.pointer = info->kill.value;
        to.integer = (int32_t)info->kill.value;
    }
    return to;
}

// ---- operations ----

static ssize_t signalfd_read(struct file *file, struct uio *uio,
                             uint64_t *position, unsigned flags)
{
    struct signalfd *context = file->private;
    struct abi_siginfo info;
    size_t done = 0;

    (void)position;
    if (uio->resid < sizeof(struct abi_signalfd_siginfo))
        return -EINVAL;
    while (uio->resid >= sizeof(struct abi_signalfd_siginfo)) {
        int signal = signal_dequeue(READ_ONCE(context->mask), &info);
        if (!signal && done)
            break;
        if (!signal && (flags & O_NONBLOCK))
            return -EAGAIN;
        if (!signal) {
            int error = wait_event_interruptible(
                &current_process()->signal_wait,
                signal_dequeue(READ_ONCE(context->mask), &info) != 0);
            if (error)
                return error;
        }
        struct abi_signalfd_siginfo out = record(&info);
        if (copy_to_uio(uio, &out, sizeof(out)))
            return done ? (ssize_t)done : -EFAULT;
        done += sizeof(out);
    }
    return (ssize_t)done;
}

// Keep the running process's queue for as long as the file. False: no memory.
static bool keep_queue(struct signalfd *context)
{
    struct process *process = current_process();
    struct listener *l = NULL;

    WITH_MUTEX(&context->lock) {
        for (l = context->listeners; l && l->process != process; l = l->next)
            ;
        if (l || !(l = kmalloc(sizeof(*l))))
            return l;
        process_get(process);
        *l = (struct listener){context->listeners, process};
        context->listeners = l;
    }
    return true;
}

static unsigned signalfd_poll(struct file *file, struct poll_table *table)
{
    struct signalfd *context = file->private;
    struct process *process = current_process();
    uint64_t pending = 0;

    if (table && !keep_queue(context))
        return POLLERR;
    poll_wait(table, &process->signal_wait);
    WITH_LOCK(&process->signal_lock)
        pending = current->pending.set.bits | process->pending.set.bits;
    return pending & READ_ONCE(context->mask) ? POLLIN : 0;
}

static void signalfd_info(struct file *file, struct text *text)
{
    const struct signalfd *context = file->private;

    text_printf(text, "sigmask:\t%016lx\n",
                (unsigned long)READ_ONCE(context->mask));
}

static void signalfd_release(struct file *file)
{
    struct signalfd *context = file->private;

    while (context->listeners) {
        struct listener *l = context->listeners;
        context->listeners = l->next;
        process_put(l->process);
        kfree(l);
    }
    kfree(context);
}

static const struct file_ops signalfd_ops = {
    .name = "signalfd",
    .read = signalfd_read,
    .poll = signalfd_poll,
    .info = signalfd_info,
    .release = signalfd_release,
};

// ---- the system call ----

static long create(uint64_t mask, unsigned flags)
{
    struct signalfd *context = kzalloc(sizeof(*context));

    if (!context)
        return -ENOMEM;
    mutex_init(&context->lock, RANK_LEAF_MUTEX, "signalfd");
    context->mask = mask;
    struct file *file =
        file_create(&signalfd_ops, context, O_RDWR | (flags & O_NONBLOCK));
    if (file)
        return fd_add(file, flags & O_CLOEXEC);
    kfree(context);
    return -ENOMEM;
}

static long change_mask(long fd, uint64_t mask)
{
    struct file *file = fd_get(fd);
    long result = -EINVAL;

    if (!file)
        return -EBADF;
    if (file->ops == &signalfd_ops) {
        struct signalfd *context = file->private;
        WRITE_ONCE(context->mask, mask);
        wake_up_all(&current_process()->signal_wait);
        result = (int)fd;
    }
    file_put(file);
    return result;
}

long sys_signalfd4(long fd, uaddr mask_at, unsigned long size,
                   unsigned long number)
{
    unsigned flags = (unsigned)number;
    uint64_t mask;

    if (size != sizeof(mask) || (flags & ~(unsigned)(O_NONBLOCK | O_CLOEXEC)))
        return -EINVAL;
    if (GET_USER(&mask, mask_at))
        return -EFAULT;
    mask &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    return (int)fd == -1 ? create(mask, flags) : change_mask(fd, mask);
}
