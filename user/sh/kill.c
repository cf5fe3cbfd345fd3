// SPDX-License-Identifier: MIT
//
// The kill command, built in since it knows jobs.

#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_signals(void)
{
    for (int i = 1; signal_name(i) || i < SIGSYS; i++) {
        if (signal_name(i))
            printf("%2d %s\n", i, signal_name(i));
    }
    return 0;
}

static int send_signal(const char *target, int signal)
{
    pid_t pid = *target == '%' ? job_target(target) : atoi(target);

    if (*target == '%' && pid == 0)
        return 1;
    if (pid == 0 && *target != '0') {
        shell_warn("kill: %s: not a process", target);
        return 1;
    }
    if (kill(pid, signal) < 0) {
        shell_warn("kill: %s: %s", target, strerror(errno));
        return 1;
    }
    return 0;
}

// kill [-s signal | -signal] process|%job..., kill -l
int builtin_kill(int argc, char **argv)
{
    int signal = SIGTERM, first = 1, status = 0;

    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        return list_signals();
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        signal = signal_number(argv[2]);
        first = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        signal = signal_number(argv[1] + 1);
        first = 2;
    }
    if (first < argc && strcmp(argv[first], "--") == 0)
        first++;
    if (signal < 0 || first >= argc) {
        shell_warn("kill: usage: kill [-signal] process...");
        return 2;
    }
    for (; first < argc; first++)
        status |= send_signal(argv[first], signal);
    return status;
}
