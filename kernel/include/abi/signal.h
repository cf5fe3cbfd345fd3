// SPDX-License-Identifier: MIT
//
// Signals as Linux's riscv64 ABI has them: numbers, flags, structures.

#pragma once

#include <lib/types.h>

#define SIGNAL_COUNT 64  // signals are 1..64; 32 and up are real-time

// clang-format off
enum {
    SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
    SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT,
    SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGXCPU,
    SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS,
    SIGRTMIN = 32,
};
// clang-format on

#define SIG_DFL 0
#define SIG_IGN 1

#define SA_NOCLDSTOP 1u
#define SA_NOCLDWAIT 2u
#define SA_SIGINFO   4u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ   2048

// si_code
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_TKILL      (-6)
#define ILL_ILLOPC    1
#define FPE_INTDIV    1
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define TRAP_BRKPT    1
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

struct abi_sigaction {
    uaddr handler;   // SIG_DFL, SIG_IGN or a function
    uint64_t flags;  // SA_*
    uint64_t mask;   // blocked while the handler runs
};

struct abi_siginfo {
    int32_t signo;
    int32_t error;
    int32_t code;
    int32_t pad;
    union {
        struct {  // kill, tgkill, sigqueue
            int32_t pid;
            uint32_t uid;
            uint64_t value;
        } kill;
        struct {  // SIGCHLD
            int32_t pid;
            uint32_t uid;
            int32_t status;
            int32_t pad;
            int64_t utime, stime;
        } child;
        struct {  // POSIX timers
            int32_t id;
            int32_t overrun;
            uint64_t value;
        } timer;
        struct {  // SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP
            uaddr address;
        } fault;
        struct {  // SIGIO
            int64_t band;
            int32_t fd;
        } poll;
        uint8_t bytes[112];
    };
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

struct abi_stack {
    uaddr sp;
    int32_t flags;
    int32_t pad;
    uint64_t size;
};

// ucontext_t and its machine context: 32 integer registers with pc in the place
// of x0, then the floating-point state.
struct abi_ucontext {
    uint64_t flags;
    uaddr link;
    struct abi_stack stack;
    uint64_t sigmask;
    uint8_t unused[1024 / 8 - sizeof(uint64_t)];
    uint64_t gregs[32] __attribute__((aligned(16)));
    uint64_t fregs[32];
    uint32_t fcsr;
    uint8_t quad_rest[528 - 32 * 8 - 4];  // zero: no further state follows
};

// What a handler's stack pointer points to.
struct abi_sigframe {
    struct abi_siginfo info;
    struct abi_ucontext uc;
};
_Static_assert(sizeof(struct abi_sigframe) == 1088, "rt_sigframe");
