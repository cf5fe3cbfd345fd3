// SPDX-License-Identifier: MIT
//
// SIGIO: a file with O_ASYNC tells its owner of events by a signal, fcntl(2).
// Like an epoll item, it has entries on the file's wait queues; but a wake-up
// may happen anywhere, under any spinlock, and a signal may not be sent there.
// So the entry only marks its file, and a task sends the signals.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/async.h>
#include <fs/fcntl_command.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>

#define OWNER_THREAD  0  // F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP
#define OWNER_PROCESS 1
#define OWNER_GROUP   2

#define POLL_IN_CODE 1  // POLL_IN of siginfo_t

struct abi_owner {  // struct f_owner_ex
    int32_t type, id;
};

// What a file has once one of these commands was used on it.
struct file_async {
    struct file *file;            // (i) borrowed: it outlives this
    struct file_watcher watcher;  // (file_watch_lock) the file's end
    struct abi_owner owner;       // (file_watch_lock) id 0: nobody
    uint32_t euid, uid;           // (file_watch_lock) of who set it
    int signal;                   // (file_watch_lock) 0: SIGIO, bare
    int fd;                       // (file_watch_lock) for si_fd
    struct async_hook *hooks;     // (file_watch_lock) while O_ASYNC is on
    struct list_node node;        // (marked_lock) linked while an event waits
    unsigned events;              // (marked_lock) POLL* bits of it
};

struct async_hook {
    struct wait_entry wait;
    struct wait_queue *queue;
    struct file_async *async;
    struct async_hook *next;
};

static struct spinlock marked_lock = SPINLOCK_INIT(RANK_WAKE);
static struct list_node marked = LIST_INIT(marked);  // (marked_lock)
static struct task *sender;                          // (file_watch_lock)

// ---- events ----

// With the queue's lock held, maybe in an interrupt.
static bool note_event(struct wait_entry *wait, unsigned events)
{
    struct file_async *async =
        container_of(wait, struct async_hook, wait)->async;

    WITH_LOCK(&marked_lock) {
        async->events |= events;
        if (list_empty(&async->node))
            list_push_back(&marked, &async->node);
    }
    wake_task(sender);
    return false;
}

// A signal that is on its way, without what it is about.
struct notice {
    struct abi_owner owner;
    uint32_t euid, uid;
    struct abi_siginfo info;
    bool plain;
};

// May who set the owner signal it (kill(2))?
static bool may_signal(const struct notice *notice,
                       const struct process *process)
{
    return notice->euid == 0 || notice->euid == process->uid ||
           notice->euid == process->suid || notice->uid == process->uid ||
           notice->uid == process->suid;
}

// Every member that may be signalled.
static void send_to_group(const struct notice *notice,
                          const struct abi_siginfo *info)
{
    struct process *process;

    WITH_LOCK(&process_tree_lock) {
        list_for_each(process, &all_processes, all_node) {
            if (process->pgid == notice->owner.id &&
                may_signal(notice, process))
                signal_process_locked(process, notice->info.signo, info);
        }
    }
}

static void send(const struct notice *notice)
{
    const struct abi_siginfo *info = notice->plain ? NULL : &notice->info;
    int signal = notice->info.signo, id = notice->owner.id;

    if (notice->owner.type == OWNER_GROUP) {
        send_to_group(notice, info);
        return;
    }
    struct task *task = task_find(id);
    if (!task)
        return;
    if (task->process && may_signal(notice, task->process)) {
        if (notice->owner.type == OWNER_THREAD)
            signal_task(task, signal, info);
        else
            signal_process(task->process, signal, info);
    }
    task_put(task);
}

// The next file with an event: what is to be told of it. False: none.
static bool next_notice(struct notice *notice)
{
    struct file_async *async;
    unsigned events = 0;

    WITH_LOCK(&marked_lock) {
        async = list_pop_front(&marked, struct file_async, node);
        if (!async)
            return false;
        list_init(&async->node);
        events = async->events;
        async->events = 0;
    }
    *notice = (struct notice){.owner = async->owner,
                              .euid = async->euid,
                              .uid = async->uid,
                              .plain = async->signal == 0};
    notice->info.signo = async->signal ? async->signal : SIGIO;
    notice->info.code = POLL_IN_CODE;
    notice->info.poll.band = events;
    notice->info.poll.fd = async->fd;
    return true;
}

static bool is_marked(void)
{
    bool any = false;

    WITH_LOCK(&marked_lock)
        any = !list_empty(&marked);
    return any;
}

static void sender_task(void *unused)
{
    static struct wait_queue sleep = WAIT_QUEUE_INIT(sleep);
    struct notice notice;
    bool more;

    (void)unused;
    for (;;) {
        wait_event(&sleep, is_marked());
        do {
            // The lock keeps the file that the event is of.
            mutex_lock(&file_watch_lock);
            more = next_notice(&notice);
            mutex_unlock(&file_watch_lock);
            if (more && notice.owner.id)
                send(&notice);
        } while (more);
    }
}

// ---- entries on wait queues ----

struct adding {
    struct poll_table table;
    struct file_async *async;
    bool failed;  // no memory
};

static void add_hook(struct poll_table *table, struct wait_queue *queue)
{
    struct adding *adding = container_of(table, struct adding, table);
    struct file_async *async = adding->async;
    struct async_hook *hook = kzalloc(sizeof(*hook));

    if (!hook) {
        adding->failed = true;
        return;
    }
    hook->queue = queue;
    hook->async = async;
    hook->next = async->hooks;
    wait_init(&hook->wait, false);
    hook->wait.wake = note_event;
    async->hooks = hook;
    wait_queue_add(queue, &hook->wait);
}

static void remove_hooks(struct file_async *async)
{
    struct async_hook *hook;

    while ((hook = async->hooks)) {
        async->hooks = hook->next;
        wait_queue_remove(hook->queue, &hook->wait);
        kfree(hook);
    }
    WITH_LOCK(&marked_lock)
        list_remove(&async->node);
    list_init(&async->node);
}

// ---- life; file_watch_lock held ----

static void file_ended(struct file_watcher *watcher)
{
    struct file_async *async =
        container_of(watcher, struct file_async, watcher);

    remove_hooks(async);
    list_remove(&watcher->node);
    async->file->async = NULL;
    kfree(async);
}

// The file's structure, made if it has none. NULL: no memory.
static struct file_async *async_of(struct file *file)
{
    struct file_async *async = file->async;

    if (!sender)
        sender = kthread_create("sigio", sender_task, NULL);
    if (async || !sender)
        return async;
    async = kzalloc(sizeof(*async));
    if (!async)
        return NULL;
    async->file = file;
    async->watcher.ended = file_ended;
    list_init(&async->node);
    file_watch(file, &async->watcher);
    file->async = async;
    return async;
}

// ---- O_ASYNC ----

static int switch_on(struct file *file, int fd)
{
    struct file_async *async = async_of(file);

    if (!async)
        return -ENOMEM;
    async->fd = fd;
    if (async->hooks)
        return 0;
    struct adding adding = {.table.add = add_hook, .async = async};
    (void)file_poll(file, &adding.table);
    if (!adding.failed)
        return 0;
    remove_hooks(async);
    return -ENOMEM;
}

int file_set_async(struct file *file, int fd, bool on)
{
    int error = 0;

    if (!file->ops->poll)
        return -ENOTTY;
    WITH_MUTEX(&file_watch_lock) {
        if (on)
            error = switch_on(file, fd);
        else if (file->async)
            remove_hooks(file->async);
    }
    if (error)
        return error;
    if (on)
        __atomic_or_fetch(&file->flags, O_ASYNC, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&file->flags, ~(unsigned)O_ASYNC, __ATOMIC_RELAXED);
    return 0;
}

// ---- the owner ----

static bool exists(const struct abi_owner *owner)
{
    if (owner->id == 0)
        return true;
    if (owner->type == OWNER_GROUP)
        return signal_group(owner->id, 0, NULL) == 0;
    struct task *task = task_find(owner->id);
    if (task)
        task_put(task);
    return task != NULL;
}

static long set_owner(struct file *file, const struct abi_owner *owner)
{
    struct process *process = current_process();
    long error = -ENOMEM;

    if (!exists(owner))
        return -ESRCH;
    WITH_MUTEX(&file_watch_lock) {
        struct file_async *async = async_of(file);
        if (!async)
            break;
        async->owner = *owner;
        async->euid = process->euid;
        async->uid = process->uid;
        error = 0;
    }
    return error;
}

static struct abi_owner get_owner(struct file *file)
{
    struct abi_owner owner = {OWNER_PROCESS, 0};

    WITH_MUTEX(&file_watch_lock) {
        if (file->async)
            owner = file->async->owner;
    }
    return owner;
}

// A group is a negative number here.
static long set_plain_owner(struct file *file, unsigned command,
                            unsigned long argument)
{
    int who = (int)argument;
    struct abi_owner owner = {who < 0 ? OWNER_GROUP : OWNER_PROCESS,
                              who < 0 ? -who : who};

    (void)command;
    return who == INT32_MIN ? -EINVAL : set_owner(file, &owner);
}

static long get_plain_owner(struct file *file, unsigned command,
                            unsigned long argument)
{
    struct abi_owner owner = get_owner(file);

    (void)command, (void)argument;
    return owner.type == OWNER_GROUP ? -owner.id : owner.id;
}

static long set_owner_ex(struct file *file, unsigned command,
                         unsigned long argument)
{
    struct abi_owner owner;
    int error = GET_USER(&owner, argument);

    (void)command;
    if (error)
        return error;
    if (owner.type < OWNER_THREAD || owner.type > OWNER_GROUP || owner.id < 0)
        return -EINVAL;
    return set_owner(file, &owner);
}

static long get_owner_ex(struct file *file, unsigned command,
                         unsigned long argument)
{
    struct abi_owner owner = get_owner(file);

    (void)command;
    return PUT_USER(argument, owner);
}

static long set_signal(struct file *file, unsigned command,
                       unsigned long argument)
{
    long error = -ENOMEM;

    (void)command;
    if (argument > SIGNAL_COUNT)
        return -EINVAL;
    WITH_MUTEX(&file_watch_lock) {
        struct file_async *async = async_of(file);
        if (!async)
            break;
        async->signal = (int)argument;
        error = 0;
    }
    return error;
}

static long get_signal(struct file *file, unsigned command,
                       unsigned long argument)
{
    long signal = 0;

    (void)command, (void)argument;
    WITH_MUTEX(&file_watch_lock) {
        if (file->async)
            signal = file->async->signal;
    }
    return signal;
}

FCNTL_COMMAND(setown) = {F_SETOWN, set_plain_owner};
FCNTL_COMMAND(getown) = {F_GETOWN, get_plain_owner};
FCNTL_COMMAND(setown_ex) = {F_SETOWN_EX, set_owner_ex};
FCNTL_COMMAND(getown_ex) = {F_GETOWN_EX, get_owner_ex};
FCNTL_COMMAND(setsig) = {F_SETSIG, set_signal};
FCNTL_COMMAND(getsig) = {F_GETSIG, get_signal};
