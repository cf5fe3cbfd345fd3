// SPDX-License-Identifier: MIT
//
// prctl(2): small properties of the running thread or process.

#include <abi/errno.h>
#include <abi/signal.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

enum {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_GET_TID_ADDRESS = 40,
};

static long set_death_signal(unsigned long signal)
{
    if (signal > SIGNAL_COUNT)
        return -EINVAL;
    current_process()->death_signal = signal;
    return 0;
}

static long set_name(uaddr from)
{
    char name[TASK_NAME_MAX];
    ssize_t n = copy_string_from_user(name, from, sizeof(name) - 1);
    if (n == -ENAMETOOLONG)
        name[TASK_NAME_MAX - 1] = '\0';
    else if (n < 0)
        return n;
    task_set_name(current, name);
    return 0;
}

static long get_name(uaddr to)
{
    char name[TASK_NAME_MAX] = "";
    strlcpy(name, current->name, sizeof(name));
    return copy_to_user(to, name, sizeof(name));
}

long sys_prctl(long option, unsigned long a, unsigned long b, unsigned long c,
               unsigned long d)
{
    bool unused_are_zero = !b && !c && !d;
    switch ((int)option) {
    case PR_SET_PDEATHSIG:
        return set_death_signal(a);
    case PR_GET_PDEATHSIG:
        return PUT_USER(a, current_process()->death_signal);
    case PR_GET_DUMPABLE:
        return !current_process()->not_dumpable;
    case PR_SET_DUMPABLE:
        if (a > 1)
            return -EINVAL;
        current_process()->not_dumpable = !a;
        return 0;
    case PR_SET_NAME:
        return set_name(a);
    case PR_GET_NAME:
        return get_name(a);
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || !unused_are_zero)
            return -EINVAL;
        current->no_new_privileges = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || !unused_are_zero ? -EINVAL : current->no_new_privileges;
    case PR_GET_TID_ADDRESS:
        return PUT_USER(a, current->clear_child_tid);
    default:
        return -EINVAL;
    }
}
