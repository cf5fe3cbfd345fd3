// SPDX-License-Identifier: MIT
//
// kill [-signal] process...: sends a signal, by default SIGTERM. The signal is
// a number or a name, with or without SIG.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},     {"INT", SIGINT},   {"QUIT", SIGQUIT},
    {"ABRT", SIGABRT},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},   {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},
    {"ALRM", SIGALRM},   {"TERM", SIGTERM}, {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},   {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
    {"WINCH", SIGWINCH},
};

static int signal_number(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    if (*name && !*end)
        return number;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcasecmp(signals[i].name, name) == 0)
            return signals[i].number;
    }
    errx(2, "%s: no such signal", name);
}

int main(int argc, char *argv[])
{
    int signal = SIGTERM, first = 1, status = 0;

    if (argc > 1 && argv[1][0] == '-') {
        signal = signal_number(argv[1] + 1);
        first = 2;
    }
    if (first >= argc)
        errx(2, "usage: kill [-signal] process...");
    for (int i = first; i < argc; i++) {
        char *end;
        long pid = strtol(argv[i], &end, 10);

        if (!*argv[i] || *end)
            errx(2, "%s: not a process", argv[i]);
        if (kill(pid, signal) < 0) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    return status;
}
