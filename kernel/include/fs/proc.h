// SPDX-License-Identifier: MIT
//
// /proc: text files made when they are opened. A file registers itself in a
// linker set and fs/procfs.c finds it.

#pragma once

#include <lib/linkset.h>
#include <lib/types.h>

struct process;

// A text that grows as it is printed to; short of memory it is cut and the
// open fails with ENOMEM.
struct text {
    char *data;
    size_t length, capacity;
    bool failed;
};

void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const void *data, size_t n);

// A file under /proc, with a path such as "net/tcp"; directories on the way
// appear by themselves.
struct proc_file {
    const char *path;
    void (*show)(struct text *text);
    // Written text, terminated, without the final newline. 0 or -errno. NULL:
    // the file is read-only.
    int (*store)(const char *value);
};
LINKSET_DECLARE(proc_files, struct proc_file);
#define PROC_FILE(name) LINKSET_ENTRY(proc_files, struct proc_file, proc_##name)

// A file in /proc/PID. show runs with a reference on the process.
struct proc_pid_file {
    const char *name;
    void (*show)(struct text *text, struct process *process);
    int (*store)(struct process *process, const char *value);
};
LINKSET_DECLARE(proc_pid_files, struct proc_pid_file);
#define PROC_PID_FILE(name) \
    LINKSET_ENTRY(proc_pid_files, struct proc_pid_file, proc_pid_##name)

// A number under /proc/sys, e.g. "net/ipv4/tcp_syn_retries", with its range.
struct sysctl {
    const char *path;
    int64_t *value;    // (a)
    int64_t min, max;  // EINVAL outside
};
LINKSET_DECLARE(sysctls, struct sysctl);
#define SYSCTL(name) LINKSET_ENTRY(sysctls, struct sysctl, sysctl_##name)
