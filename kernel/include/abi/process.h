// SPDX-License-Identifier: MIT
//
// clone, wait and resource constants of Linux's riscv64 ABI.

#pragma once

#include <abi/time.h>
#include <lib/types.h>

#define CSIGNAL              0xff
#define CLONE_VM             0x100
#define CLONE_FS             0x200
#define CLONE_FILES          0x400
#define CLONE_SIGHAND        0x800
#define CLONE_PIDFD          0x1000
#define CLONE_PTRACE         0x2000
#define CLONE_VFORK          0x4000
#define CLONE_PARENT         0x8000
#define CLONE_THREAD         0x10000
#define CLONE_SYSVSEM        0x40000
#define CLONE_SETTLS         0x80000
#define CLONE_PARENT_SETTID  0x100000
#define CLONE_CHILD_CLEARTID 0x200000
#define CLONE_DETACHED       0x400000
#define CLONE_UNTRACED       0x800000
#define CLONE_CHILD_SETTID   0x1000000
#define CLONE_CLEAR_SIGHAND  0x100000000ull

#define WNOHANG     1
#define WUNTRACED   2
#define WSTOPPED    2
#define WEXITED     4
#define WCONTINUED  8
#define WNOWAIT     0x1000000
#define W__NOTHREAD 0x20000000
#define W__ALL      0x40000000
#define W__CLONE    0x80000000u

// A wait status: exit code in bits 8..15, or the signal in bits 0..6.
#define WAIT_STATUS_EXIT(code)      (((code)&0xff) << 8)
#define WAIT_STATUS_CORE            0x80
#define WAIT_STATUS_STOPPED(signal) ((signal) << 8 | 0x7f)
#define WAIT_STATUS_CONTINUED       0xffff

enum {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
};
#define RLIM_INFINITY UINT64_MAX

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

struct abi_rusage {
    struct abi_timeval utime, stime;
    int64_t maxrss;  // KiB
    int64_t ixrss, idrss, isrss;
    int64_t minflt, majflt, nswap;
    int64_t inblock, oublock, msgsnd, msgrcv, nsignals;
    int64_t nvcsw, nivcsw;
};
