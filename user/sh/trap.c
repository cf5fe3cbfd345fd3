// SPDX-License-Identifier: MIT
//
// Signals: their names, the trap command, and the end of the shell. A trapped
// signal only sets a flag; its command runs between two commands.

#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

// Signal 0 is the exit of the shell.
#define SIGNALS 65

static const char *const names[] = {
    [0] = "EXIT",         [SIGHUP] = "HUP",   [SIGINT] = "INT",
    [SIGQUIT] = "QUIT",   [SIGILL] = "ILL",   [SIGTRAP] = "TRAP",
    [SIGABRT] = "ABRT",   [SIGBUS] = "BUS",   [SIGFPE] = "FPE",
    [SIGKILL] = "KILL",   [SIGUSR1] = "USR1", [SIGSEGV] = "SEGV",
    [SIGUSR2] = "USR2",   [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM",
    [SIGTERM] = "TERM",   [SIGCHLD] = "CHLD", [SIGCONT] = "CONT",
    [SIGSTOP] = "STOP",   [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
    [SIGTTOU] = "TTOU",   [SIGURG] = "URG",   [SIGIO] = "IO",
    [SIGWINCH] = "WINCH",
};

#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

static char *commands[SIGNALS];  // NULL: default, "": ignore
static volatile sig_atomic_t pending[SIGNALS];
static volatile sig_atomic_t last_pending;

int signal_number(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    if (*name && !*end)
        return number >= 0 && number < SIGNALS ? number : -1;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (int i = 0; i < NAMES; i++) {
        if (names[i] && strcasecmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

const char *signal_name(int number)
{
    return number >= 0 && number < NAMES ? names[number] : NULL;
}

static void on_signal(int signal)
{
    pending[signal] = 1;
    last_pending = signal;
}

static void on_interrupt(int signal)
{
    (void)signal;
    shell.interrupted = 1;
}

// Its only use is to end a sigsuspend().
static void on_child(int signal)
{
    (void)signal;
}

// A system call goes on after SIGCHLD, but comes back after any other signal,
// for a look at the flags.
static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    if (signal == SIGCHLD)
        action.sa_flags = SA_RESTART;
    sigaction(signal, &action, NULL);
}

// What the shell does with a signal that has no trap.
static void (*default_handler(int signal))(int)
{
    if (signal == SIGCHLD)
        return on_child;
    if (!shell.interactive)
        return SIG_DFL;
    switch (signal) {
    case SIGINT:
        return on_interrupt;
    case SIGQUIT:
    case SIGTERM:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return SIG_IGN;
    default:
        return SIG_DFL;
    }
}

static const int interactive_signals[] = {SIGINT,  SIGQUIT, SIGTERM,
                                          SIGTSTP, SIGTTIN, SIGTTOU};

#define INTERACTIVE_SIGNALS \
    (sizeof(interactive_signals) / sizeof(interactive_signals[0]))

void traps_init(void)
{
    handle(SIGCHLD, on_child);
    for (size_t i = 0; shell.interactive && i < INTERACTIVE_SIGNALS; i++) {
        int signal = interactive_signals[i];

        handle(signal, default_handler(signal));
    }
}

// In a child: traps are forgotten, ignored signals stay so.
void traps_reset(void)
{
    for (int signal = 0; signal < SIGNALS; signal++) {
        if (!commands[signal] || !*commands[signal])
            continue;
        commands[signal] = NULL;
        if (signal > 0)
            handle(signal, SIG_DFL);
    }
    for (size_t i = 0; shell.interactive && i < INTERACTIVE_SIGNALS; i++) {
        if (!commands[interactive_signals[i]])
            handle(interactive_signals[i], SIG_DFL);
    }
    last_pending = 0;
}

int traps_pending(void)
{
    return last_pending;
}

bool traps_set(void)
{
    for (int signal = 0; signal < SIGNALS; signal++) {
        if (commands[signal] && *commands[signal])
            return true;
    }
    return false;
}

static void run(int signal)
{
    char *command = commands[signal] ? strdup(commands[signal]) : NULL;
    int status = shell.status;

    if (command)
        execute_string(command);
    free(command);
    shell.status = status;
}

void traps_run(void)
{
    while (last_pending) {
        last_pending = 0;
        for (int signal = 1; signal < SIGNALS; signal++) {
            if (pending[signal]) {
                pending[signal] = 0;
                run(signal);
            }
        }
    }
}

void shell_exit(int status)
{
    shell.status = status;
    if (commands[0]) {
        char *command = commands[0];

        commands[0] = NULL;
        shell.flow = FLOW_NEXT;
        shell.exit_on_error = false;
        execute_string(command);
    }
    fflush(stdout);
    _exit(status);
}

static void set(int signal, const char *command)
{
    free(commands[signal]);
    commands[signal] = command ? strdup(command) : NULL;
    if (signal == 0)
        return;
    if (command)
        handle(signal, *command ? on_signal : SIG_IGN);
    else
        handle(signal, default_handler(signal));
}

static void print(void)
{
    for (int signal = 0; signal < NAMES; signal++) {
        if (commands[signal])
            printf("trap -- '%s' %s\n", commands[signal], names[signal]);
    }
}

// trap [command|-] signal...
int builtin_trap(int argc, char **argv)
{
    const char *command = NULL;
    int first = 1, status = 0;

    if (argc > 1 && strcmp(argv[1], "--") == 0)
        first++;
    if (first == argc) {
        print();
        return 0;
    }
    if (argc - first > 1 || strcmp(argv[first], "-") == 0)
        command = argv[first++];
    if (command && strcmp(command, "-") == 0)
        command = NULL;
    for (; first < argc; first++) {
        int signal = signal_number(argv[first]);

        if (signal < 0) {
            shell_warn("trap: %s: no such signal", argv[first]);
            status = 1;
        } else {
            set(signal, command);
        }
    }
    return status;
}
