// SPDX-License-Identifier: MIT
//
// Names of the numbers and flags that system calls take, for tracing.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <abi/process.h>
#include <abi/signal.h>
#include <abi/socket.h>
#include <abi/termios.h>
#include <string.h>

#include "clock.h"
#include "trace.h"

struct name {
    uint64_t value;
    const char *text;
};

#define NAME(symbol)               \
    {                              \
        (uint32_t) symbol, #symbol \
    }
#define LIST(list, ...) static const struct name list[] = {__VA_ARGS__, {0}}

// ---- sets of flags; the first entry may be the name of zero ----

LIST(open_flags, NAME(O_CREAT), NAME(O_EXCL), NAME(O_NOCTTY), NAME(O_TRUNC),
     NAME(O_APPEND), NAME(O_NONBLOCK), NAME(O_SYNC), NAME(O_DSYNC),
     NAME(O_DIRECT), NAME(O_LARGEFILE), NAME(O_TMPFILE), NAME(O_DIRECTORY),
     NAME(O_NOFOLLOW), NAME(O_NOATIME), NAME(O_CLOEXEC), NAME(O_PATH));
LIST(fd_flags, {0, "0"}, NAME(O_NONBLOCK), NAME(O_DIRECT), NAME(O_CLOEXEC));
LIST(at_flags, {0, "0"}, NAME(AT_SYMLINK_NOFOLLOW), NAME(AT_REMOVEDIR),
     NAME(AT_SYMLINK_FOLLOW), NAME(AT_NO_AUTOMOUNT), NAME(AT_EMPTY_PATH));
LIST(protection, {0, "PROT_NONE"}, NAME(PROT_READ), NAME(PROT_WRITE),
     NAME(PROT_EXEC));
LIST(map_flags, {0, "0"}, NAME(MAP_SHARED), NAME(MAP_PRIVATE), NAME(MAP_FIXED),
     NAME(MAP_ANONYMOUS), NAME(MAP_GROWSDOWN), NAME(MAP_DENYWRITE),
     NAME(MAP_LOCKED), NAME(MAP_NORESERVE), NAME(MAP_POPULATE), NAME(MAP_STACK),
     NAME(MAP_FIXED_NOREPLACE));
LIST(clone_flags, {0, "0"}, NAME(CLONE_VM), NAME(CLONE_FS), NAME(CLONE_FILES),
     NAME(CLONE_SIGHAND), NAME(CLONE_VFORK), NAME(CLONE_PARENT),
     NAME(CLONE_THREAD), NAME(CLONE_SYSVSEM), NAME(CLONE_SETTLS),
     NAME(CLONE_PARENT_SETTID), NAME(CLONE_CHILD_CLEARTID),
     NAME(CLONE_DETACHED), NAME(CLONE_CHILD_SETTID), NAME(SIGCHLD));
LIST(wait_options, {0, "0"}, NAME(WNOHANG), NAME(WUNTRACED), NAME(WEXITED),
     NAME(WCONTINUED), NAME(WNOWAIT));
LIST(message_flags, {0, "0"}, NAME(MSG_OOB), NAME(MSG_PEEK), NAME(MSG_TRUNC),
     NAME(MSG_CTRUNC), NAME(MSG_DONTWAIT), NAME(MSG_WAITALL),
     NAME(MSG_ERRQUEUE), NAME(MSG_NOSIGNAL), NAME(MSG_MORE),
     NAME(MSG_CMSG_CLOEXEC));

// ---- one of several values ----

LIST(access_modes, NAME(O_RDONLY), NAME(O_WRONLY), NAME(O_RDWR));
LIST(whence, NAME(SEEK_SET), NAME(SEEK_CUR), NAME(SEEK_END), NAME(SEEK_DATA),
     NAME(SEEK_HOLE));
LIST(fcntl_command, NAME(F_DUPFD), NAME(F_GETFD), NAME(F_SETFD), NAME(F_GETFL),
     NAME(F_SETFL), NAME(F_GETLK), NAME(F_SETLK), NAME(F_SETLKW),
     NAME(F_SETOWN), NAME(F_GETOWN), NAME(F_DUPFD_CLOEXEC), NAME(F_SETPIPE_SZ),
     NAME(F_GETPIPE_SZ));
LIST(ioctl_command, {0x5401, "TCGETS"}, {0x5402, "TCSETS"}, {0x5403, "TCSETSW"},
     {0x5404, "TCSETSF"}, {0x540e, "TIOCSCTTY"}, {0x540f, "TIOCGPGRP"},
     {0x5410, "TIOCSPGRP"}, {0x5413, "TIOCGWINSZ"}, {0x5414, "TIOCSWINSZ"},
     {0x541b, "FIONREAD"}, {0x5421, "FIONBIO"}, {0x5430, "TIOCGPTN"},
     {0x5431, "TIOCSPTLCK"}, {0x5450, "FIONCLEX"}, {0x5451, "FIOCLEX"},
     {0x8912, "SIOCGIFCONF"}, {0x8913, "SIOCGIFFLAGS"}, {0x8915, "SIOCGIFADDR"},
     {0x891b, "SIOCGIFNETMASK"}, {0x8927, "SIOCGIFHWADDR"},
     {0x8933, "SIOCGIFINDEX"});
LIST(socket_family, NAME(AF_UNSPEC), NAME(AF_UNIX), NAME(AF_INET),
     {10, "AF_INET6"}, {16, "AF_NETLINK"}, {17, "AF_PACKET"});
LIST(sigmask_how, NAME(SIG_BLOCK), NAME(SIG_UNBLOCK), NAME(SIG_SETMASK));
LIST(resource, NAME(RLIMIT_CPU), NAME(RLIMIT_FSIZE), NAME(RLIMIT_DATA),
     NAME(RLIMIT_STACK), NAME(RLIMIT_CORE), NAME(RLIMIT_RSS),
     NAME(RLIMIT_NPROC), NAME(RLIMIT_NOFILE), NAME(RLIMIT_MEMLOCK),
     NAME(RLIMIT_AS), NAME(RLIMIT_LOCKS), NAME(RLIMIT_SIGPENDING),
     NAME(RLIMIT_MSGQUEUE), NAME(RLIMIT_NICE), NAME(RLIMIT_RTPRIO),
     NAME(RLIMIT_RTTIME));
LIST(clocks, NAME(CLOCK_REALTIME), NAME(CLOCK_MONOTONIC),
     NAME(CLOCK_PROCESS_CPUTIME_ID), NAME(CLOCK_THREAD_CPUTIME_ID),
     NAME(CLOCK_MONOTONIC_RAW), NAME(CLOCK_REALTIME_COARSE),
     NAME(CLOCK_MONOTONIC_COARSE), NAME(CLOCK_BOOTTIME));
LIST(futex_commands, {0, "FUTEX_WAIT"}, {1, "FUTEX_WAKE"}, {3, "FUTEX_REQUEUE"},
     {4, "FUTEX_CMP_REQUEUE"}, {5, "FUTEX_WAKE_OP"}, {9, "FUTEX_WAIT_BITSET"},
     {10, "FUTEX_WAKE_BITSET"});
LIST(socket_types, NAME(SOCK_STREAM), NAME(SOCK_DGRAM), NAME(SOCK_RAW),
     NAME(SOCK_SEQPACKET));
LIST(signals, NAME(SIGHUP), NAME(SIGINT), NAME(SIGQUIT), NAME(SIGILL),
     NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGBUS), NAME(SIGFPE), NAME(SIGKILL),
     NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2), NAME(SIGPIPE), NAME(SIGALRM),
     NAME(SIGTERM), NAME(SIGSTKFLT), NAME(SIGCHLD), NAME(SIGCONT),
     NAME(SIGSTOP), NAME(SIGTSTP), NAME(SIGTTIN), NAME(SIGTTOU), NAME(SIGURG),
     NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGVTALRM), NAME(SIGPROF),
     NAME(SIGWINCH), NAME(SIGIO), NAME(SIGPWR), NAME(SIGSYS));
LIST(errors, NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO),
     NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC), NAME(EBADF), NAME(ECHILD),
     NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(ENOTBLK),
     NAME(EBUSY), NAME(EEXIST), NAME(EXDEV), NAME(ENODEV), NAME(ENOTDIR),
     NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ENOTTY),
     NAME(ETXTBSY), NAME(EFBIG), NAME(ENOSPC), NAME(ESPIPE), NAME(EROFS),
     NAME(EMLINK), NAME(EPIPE), NAME(EDOM), NAME(ERANGE), NAME(EDEADLK),
     NAME(ENAMETOOLONG), NAME(ENOLCK), NAME(ENOSYS), NAME(ENOTEMPTY),
     NAME(ELOOP), NAME(ENODATA), NAME(ETIME), NAME(EPROTO), NAME(EBADMSG),
     NAME(EOVERFLOW), NAME(ELIBBAD), NAME(ENOTSOCK), NAME(EDESTADDRREQ),
     NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT),
     NAME(ESOCKTNOSUPPORT), NAME(EOPNOTSUPP), NAME(EPFNOSUPPORT),
     NAME(EAFNOSUPPORT), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ENETDOWN),
     NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED), NAME(ECONNRESET),
     NAME(ENOBUFS), NAME(EISCONN), NAME(ENOTCONN), NAME(ESHUTDOWN),
     NAME(ETIMEDOUT), NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH),
     NAME(EALREADY), NAME(EINPROGRESS), NAME(ECANCELED), NAME(EOWNERDEAD),
     NAME(ERESTARTSYS), NAME(ERESTARTNOHAND), NAME(ERESTART_RESTARTBLOCK));

static const char *find(const struct name *names, uint64_t value)
{
    for (; names->text; names++)
        if (names->value == value)
            return names->text;
    return NULL;
}

const char *trace_errno_name(int error)
{
    return find(errors, error);
}

const char *trace_signal_name(int signal)
{
    return find(signals, signal);
}

static void print_one(struct trace_line *line, const struct name *names,
                      uint64_t value)
{
    const char *text = find(names, (uint32_t)value);
    if (text)
        trace_print(line, "%s", text);
    else
        trace_print(line, "%d", (int)value);
}

static void print_flags(struct trace_line *line, const struct name *names,
                        uint64_t value)
{
    const char *separator = "";
    if (value == 0 && names->value == 0) {
        trace_print(line, "%s", names->text);
        return;
    }
    for (; names->text; names++) {
        if (!names->value || (value & names->value) != names->value)
            continue;
        trace_print(line, "%s%s", separator, names->text);
        value &= ~names->value;
        separator = "|";
    }
    if (value)
        trace_print(line, "%s%#lx", separator, value);
}

// ---- values with flags in them ----

static void print_open_flags(struct trace_line *line, uint64_t value)
{
    print_one(line, access_modes, value & O_ACCMODE);
    if (value & ~O_ACCMODE) {
        trace_print(line, "|");
        print_flags(line, open_flags, value & ~O_ACCMODE);
    }
}

static void print_socket_type(struct trace_line *line, uint64_t value)
{
    if (value & SOCK_TYPE_MASK)
        print_one(line, socket_types, value & SOCK_TYPE_MASK);
    else
        trace_print(line, "0");
    if (value & SOCK_NONBLOCK)
        trace_print(line, "|SOCK_NONBLOCK");
    if (value & SOCK_CLOEXEC)
        trace_print(line, "|SOCK_CLOEXEC");
}

static void print_futex_operation(struct trace_line *line, uint64_t value)
{
    print_one(line, futex_commands, value & 127);
    if (value & 128)
        trace_print(line, "_PRIVATE");
    if (value & 256)
        trace_print(line, "|FUTEX_CLOCK_REALTIME");
}

static const struct named_kind {
    const char *kind;
    const struct name *one, *flags;
    void (*print)(struct trace_line *line, uint64_t value);
} named_kinds[] = {
    {"open_flags", NULL, NULL, print_open_flags},
    {"fd_flags", NULL, fd_flags, NULL},
    {"at_flags", NULL, at_flags, NULL},
    {"protection", NULL, protection, NULL},
    {"map_flags", NULL, map_flags, NULL},
    {"clone_flags", NULL, clone_flags, NULL},
    {"wait_options", NULL, wait_options, NULL},
    {"message_flags", NULL, message_flags, NULL},
    {"whence", whence, NULL, NULL},
    {"fcntl_command", fcntl_command, NULL, NULL},
    {"ioctl_command", ioctl_command, NULL, NULL},
    {"socket_family", socket_family, NULL, NULL},
    {"sigmask_how", sigmask_how, NULL, NULL},
    {"resource", resource, NULL, NULL},
    {"clock", clocks, NULL, NULL},
    {"signal", signals, NULL, NULL},
    {"socket_type", NULL, NULL, print_socket_type},
    {"futex_operation", NULL, NULL, print_futex_operation},
};

bool trace_named(struct trace_line *line, const char *kind, size_t n,
                 uint64_t value)
{
    for (unsigned i = 0; i < ARRAY_SIZE(named_kinds); i++) {
        const struct named_kind *k = &named_kinds[i];
        if (strlen(k->kind) != n || memcmp(k->kind, kind, n) != 0)
            continue;
        if (k->one)
            print_one(line, k->one, value);
        else if (k->flags)
            print_flags(line, k->flags, value);
        else
            k->print(line, value);
        return true;
    }
    return false;
}
