// SPDX-License-Identifier: MIT
//
// Tracing: what is traced, and the lines for system calls, in the manner of
// strace. Chosen by words: `syscalls`, `sched`, `sockets`, `packets`, `all`,
// `off`, and `pid=N` to see the system calls of process N and the children that
// it makes from then on, alone; several pid=N add up. They come from the boot
// argument `trace=` (with commas) and from /proc/sys/kernel/trace, where a
// write replaces what was chosen.

#include <abi/errno.h>
#include <dev/bootargs.h>
#include <fs/proc.h>
#include <lib/linkset.h>
#include <lib/trace.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

#include "syscall.h"
#include "trace.h"

#define SYSCALL(number, name, count, kinds) [number] = kinds,
static const char *const argument_kinds[] = {
#include <syscall/table.h>
};
#undef SYSCALL

static bool only_marked;  // (a) system calls of tasks with task->trace alone

// ---- a call ----

enum {
    SYS_exit = 93,
    SYS_exit_group = 94
};

// Print the arguments from *kinds on; stop before the first that shows what the
// call has written, unless it has been made. *i: the argument's number.
static void print_arguments(struct trace_line *line,
                            const struct traced_call *call, const char **kinds,
                            unsigned *i, bool done)
{
    while (**kinds && **kinds != '=') {
        size_t n = strcspn(*kinds, " ");
        if (!done && trace_kind_is_output(*kinds, n))
            return;
        trace_print(line, *i ? ", " : "");
        trace_argument(line, call, *i, *kinds, n);
        ++*i;
        *kinds += n;
        *kinds += strspn(*kinds, " ");
    }
}

// Kinds that follow `=` tell how to print a result that is no error.
static void print_result(struct trace_line *line, long result,
                         const char *kinds)
{
    const char *error = NULL;
    if (result < 0 && result >= -4095)
        error = trace_errno_name(-result);
    if (error)
        trace_print(line, ") = -%s", error);
    else if (*kinds == '=')
        trace_print(line, ") = %#lx", result);
    else
        trace_print(line, ") = %ld", result);
}

// Where the call does not come back, the line has to be out before.
static bool never_returns(uint64_t number)
{
    return number == SYS_exit || number == SYS_exit_group;
}

static long trace_with(struct trace_line *line, uint64_t number,
                       syscall_function function,
                       const struct trap_frame *frame)
{
    struct traced_call call = {.args = {frame->a0, frame->a1, frame->a2,
                                        frame->a3, frame->a4, frame->a5}};
    const char *kinds = argument_kinds[number];
    unsigned i = 0;
    line->length = 0;
    trace_print(line, "%s[%d] %s(", current->name, current->tid,
                syscall_name(number));
    print_arguments(line, &call, &kinds, &i, false);
    if (never_returns(number)) {
        log_line("%s)", line->text);
        kfree(line);
        return syscall_call(function, frame);
    }
    call.result = syscall_call(function, frame);
    print_arguments(line, &call, &kinds, &i, true);
    print_result(line, call.result, kinds);
    log_line("%s", line->text);
    kfree(line);
    return call.result;
}

static long trace_syscall(syscall_function function,
                          const struct trap_frame *frame)
{
    struct trace_line *line = NULL;
    if (!READ_ONCE(only_marked) || current->trace)
        line = kmalloc(sizeof(*line));
    if (!line)
        return syscall_call(function, frame);
    return trace_with(line, frame->a7, function, frame);
}

// ---- choosing ----

static const struct {
    const char *word;
    unsigned kinds;
} words[] = {
    {"syscalls", TRACE_SYSCALLS},
    {"sched", TRACE_SCHED},
    {"sockets", TRACE_SOCKETS},
    {"packets", TRACE_PACKETS},
    {"all", TRACE_SYSCALLS | TRACE_SCHED | TRACE_SOCKETS | TRACE_PACKETS},
    {"off", 0},
};

static bool word_is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

// The number in "pid=N", or 0.
static int pid_of(const char *s, size_t n)
{
    int pid = 0;
    if (n < 5 || n > 12 || memcmp(s, "pid=", 4) != 0)
        return 0;
    for (size_t i = 4; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return 0;
        pid = pid * 10 + s[i] - '0';
    }
    return pid;
}

static int parse_word(const char *s, size_t n, unsigned *kinds)
{
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (word_is(s, n, words[i].word)) {
            *kinds |= words[i].kinds;
            return 0;
        }
    }
    return pid_of(s, n) ? 0 : -EINVAL;
}

// pid 0: all processes. Processes that are not there are passed over.
static void mark(int pid, bool on)
{
    struct process *process;
    struct task *task;
    WITH_LOCK(&process_tree_lock)
        list_for_each(process, &all_processes, all_node)
            if (!pid || process->pid == pid)
                list_for_each(task, &process->threads, thread_node)
                    WRITE_ONCE(task->trace, on);
}

// Call each(word, length) for the words of a text with blanks or commas.
#define for_each_word(s, n, text)                                      \
    for (s = (text) + strspn(text, " ,\t"), n = strcspn(s, " ,\t"); n; \
         s += n, s += strspn(s, " ,\t"), n = strcspn(s, " ,\t"))

static int choose(const char *text)
{
    const char *s;
    size_t n;
    unsigned kinds = 0;
    bool marked = false;
    for_each_word(s, n, text)
    {
        int error = parse_word(s, n, &kinds);
        if (error)
            return error;
        marked |= pid_of(s, n) != 0;
    }
    mark(0, false);
    for_each_word(s, n, text) if (pid_of(s, n)) mark(pid_of(s, n), true);
    // A process alone stands for its system calls.
    if (marked && !kinds)
        kinds = TRACE_SYSCALLS;
    WRITE_ONCE(only_marked, marked);
    WRITE_ONCE(trace_kinds, kinds);
    WRITE_ONCE(syscall_tracer, kinds & TRACE_SYSCALLS ? trace_syscall : NULL);
    return 0;
}

static void show_marked(struct text *text)
{
    int pids[16];
    unsigned count = 0;
    struct process *process;
    struct task *task;
    WITH_LOCK(&process_tree_lock)
        list_for_each(process, &all_processes, all_node)
            list_for_each(task, &process->threads, thread_node)
                if (task->trace && task->tid == process->pid &&
                    count < ARRAY_SIZE(pids))
                    pids[count++] = process->pid;
    for (unsigned i = 0; i < count; i++)
        text_printf(text, " pid=%d", pids[i]);
}

static void show(struct text *text)
{
    const char *separator = "";
    unsigned kinds = READ_ONCE(trace_kinds);
    for (unsigned i = 0;
         words[i].kinds && !(words[i].kinds & (words[i].kinds - 1)); i++) {
        if (!(kinds & words[i].kinds))
            continue;
        text_printf(text, "%s%s", separator, words[i].word);
        separator = " ";
    }
    if (!kinds)
        text_printf(text, "off");
    if (READ_ONCE(only_marked))
        show_marked(text);
    text_printf(text, "\n");
}
PROC_FILE(trace) = {.path = "sys/kernel/trace", .show = show, .store = choose};

static int trace_init(void)
{
    char value[128];
    if (!bootarg_value("trace", value, sizeof(value)))
        return 0;
    return choose(value);
}
INITCALL(INIT_CORE, trace_init);
