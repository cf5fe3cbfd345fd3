// SPDX-License-Identifier: MIT
//
// Job control: a terminal controls a session, and one process group of it is
// in the foreground (credentials(7), ioctl_tty(2)).

#include "tty.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>

static struct process *self(void)
{
    return current_process();
}

int tty_check_foreground(struct tty *tty, int signal)
{
    bool hidden = signal_is_blocked_or_ignored(signal);
    int group = 0;

    WITH_LOCK(&process_tree_lock) {
        if (self()->tty != tty || !tty->group || self()->pgid == tty->group)
            return 0;
        // A program that does not want SIGTTOU may write all the same.
        if (hidden && signal == SIGTTOU)
            return 0;
        if (hidden || process_group_is_orphaned(self()))
            return -EIO;
        group = self()->pgid;
    }
    signal_group(group, signal, NULL);
    return -ERESTARTSYS;
}

// Make the tty the running session leader's; process_tree_lock is held.
static void control(struct tty *tty)
{
    tty->session = self()->sid;
    tty->group = self()->pgid;
    self()->tty = tty;
}

static bool is_leader(const struct process *process)
{
    return process->sid == process->pid;
}

// Take the tty away from every process of the session; lock is held.
static void release_session(struct tty *tty)
{
    struct process *process;

    list_for_each(process, &all_processes, all_node)
        if (process->tty == tty)
            process->tty = NULL;
    tty->session = tty->group = 0;
}

void tty_acquire(struct tty *tty)
{
    WITH_LOCK(&process_tree_lock)
        if (is_leader(self()) && !self()->tty && !tty->session &&
            !READ_ONCE(tty->hung_up))
            control(tty);
}

void tty_release_session(struct tty *tty)
{
    int session = READ_ONCE(tty->session), group = 0;
    struct process *leader = session ? process_find(session) : NULL;

    WITH_LOCK(&process_tree_lock) {
        group = tty->group;
        release_session(tty);
    }
    if (leader) {
        signal_process(leader, SIGHUP, NULL);
        signal_process(leader, SIGCONT, NULL);
        process_put(leader);
    }
    if (group) {
        signal_group(group, SIGHUP, NULL);
        signal_group(group, SIGCONT, NULL);
    }
}

static long set_controlling(struct tty *tty, bool steal)
{
    WITH_LOCK(&process_tree_lock) {
        // Nobody would take it away again before it is freed.
        if (READ_ONCE(tty->hung_up))
            return -EIO;
        if (is_leader(self()) && self()->tty == tty)
            return 0;
        if (!is_leader(self()) || self()->tty)
            return -EPERM;
        if (tty->session) {
            if (!steal || self()->euid != 0)
                return -EPERM;
            release_session(tty);
        }
        control(tty);
    }
    return 0;
}

// Give the terminal up: if the leader does, the whole session loses it, and
// the foreground group is told.
static void leave(struct tty *tty)
{
    int group = 0;

    WITH_LOCK(&process_tree_lock) {
        if (is_leader(self()) && tty->session == self()->sid) {
            group = tty->group;
            release_session(tty);
        }
        self()->tty = NULL;
    }
    if (group) {
        signal_group(group, SIGHUP, NULL);
        signal_group(group, SIGCONT, NULL);
    }
}

static long disassociate(struct tty *tty)
{
    if (self()->tty != tty)
        return -ENOTTY;
    leave(tty);
    return 0;
}

static long get_group(struct tty *tty, uaddr argument)
{
    int32_t group = 0;

    WITH_LOCK(&process_tree_lock) {
        if (self()->tty != tty)
            return -ENOTTY;
        group = tty->group;
    }
    return PUT_USER(argument, group);
}

static int check_group(int pgid, int session)
{
    struct process *process;
    int error = -ESRCH;

    list_for_each(process, &all_processes, all_node) {
        if (process->pgid != pgid)
            continue;
        if (process->sid == session)
            return 0;
        error = -EPERM;
    }
    return error;
}

static long set_group(struct tty *tty, uaddr argument)
{
    int32_t pgid;
    int error;

    if (self()->tty != tty)
        return -ENOTTY;
    error = tty_check_foreground(tty, SIGTTOU);
    if (error)
        return error;
    if (GET_USER(&pgid, argument))
        return -EFAULT;
    if (pgid < 0)
        return -EINVAL;
    WITH_LOCK(&process_tree_lock) {
        if (self()->tty != tty || tty->session != self()->sid)
            return -ENOTTY;
        error = check_group(pgid, self()->sid);
        if (!error)
            tty->group = pgid;
    }
    return error;
}

static long get_session(struct tty *tty, uaddr argument)
{
    int32_t session = 0;

    WITH_LOCK(&process_tree_lock) {
        if (self()->tty != tty || !tty->session)
            return -ENOTTY;
        session = tty->session;
    }
    return PUT_USER(argument, session);
}

long tty_session_ioctl(struct tty *tty, unsigned command, uaddr argument)
{
    switch (command) {
    case TIOCSCTTY:
        return set_controlling(tty, argument == 1);
    case TIOCNOTTY:
        return disassociate(tty);
    case TIOCGPGRP:
        return get_group(tty, argument);
    case TIOCSPGRP:
        return set_group(tty, argument);
    case TIOCGSID:
        return get_session(tty, argument);
    default:
        return -ENOTTY;
    }
}

// The end of a session leader is the end of its hold on the terminal.
static void session_exit(struct task *task)
{
    struct process *process = task->process;

    if (process && process->tty && is_leader(process) &&
        READ_ONCE(process->thread_count) <= 1)
        leave(process->tty);
}

TASK_RESOURCE(tty_session) = {NULL, NULL, session_exit};

// /dev/tty is whatever terminal controls the session of who opens it.
static int own_tty_open(struct inode *inode, struct file *file)
{
    (void)inode;
    if (!self())
        return -ENXIO;
    WITH_LOCK(&process_tree_lock) {
        // A session's terminal exists, and from here on for the file, too.
        if (!self()->tty)
            return -ENXIO;
        file->flags |= O_NOCTTY;
        tty_open(self()->tty, file);
    }
    return 0;
}

static const struct file_ops own_tty_ops = {
    .name = "tty",
    .open = own_tty_open,
};

DEVICE(tty) = {"tty", S_IFCHR | 0666, MAKEDEV(5, 0), &own_tty_ops};
