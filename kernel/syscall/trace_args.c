// SPDX-License-Identifier: MIT
//
// Printing the arguments of traced system calls by their kind, the words in
// <syscall/table.h>: numbers, and what pointers point to.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/signal.h>
#include <abi/socket.h>
#include <abi/time.h>
#include <mm/uaccess.h>
#include <mm/uio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace.h"

#define SHOWN_BYTES 48  // of a buffer or string
#define SHOWN_ITEMS 8   // of an array

void trace_print(struct trace_line *line, const char *format, ...)
{
    va_list args;
    size_t room = sizeof(line->text) - line->length;
    va_start(args, format);
    int n = vsnprintf(line->text + line->length, room, format, args);
    va_end(args);
    line->length += MIN((size_t)MAX(n, 0), room - 1);
}

// ---- numbers ----

static void print_fd(struct trace_line *line, uint64_t value)
{
    trace_print(line, "%d", (int)value);
}

static void print_dirfd(struct trace_line *line, uint64_t value)
{
    if ((int)value == AT_FDCWD)
        trace_print(line, "AT_FDCWD");
    else
        print_fd(line, value);
}

static void print_number(struct trace_line *line, uint64_t value)
{
    trace_print(line, "%ld", value);
}

static void print_size(struct trace_line *line, uint64_t value)
{
    trace_print(line, "%lu", value);
}

static void print_hex(struct trace_line *line, uint64_t value)
{
    trace_print(line, value ? "%#lx" : "0", value);
}

static void print_address(struct trace_line *line, uint64_t value)
{
    trace_print(line, value ? "%#lx" : "NULL", value);
}

static void print_mode(struct trace_line *line, uint64_t value)
{
    trace_print(line, "0%lo", value);
}

// ---- bytes ----

static void print_byte(struct trace_line *line, unsigned char c)
{
    switch (c) {
    case '\n':
        trace_print(line, "\\n");
        break;
    case '\r':
        trace_print(line, "\\r");
        break;
    case '\t':
        trace_print(line, "\\t");
        break;
    case '"':
    case '\\':
        trace_print(line, "\\%c", c);
        break;
    default:
        trace_print(line, c >= ' ' && c < 127 ? "%c" : "\\x%02x", c);
    }
}

static void print_quoted(struct trace_line *line, const char *s, size_t n,
                         bool cut)
{
    trace_print(line, "\"");
    for (size_t i = 0; i < n; i++)
        print_byte(line, s[i]);
    trace_print(line, cut ? "\"..." : "\"");
}

static void print_bytes(struct trace_line *line, uaddr at, uint64_t n)
{
    char bytes[SHOWN_BYTES];
    size_t shown = MIN(n, (uint64_t)SHOWN_BYTES);
    if (copy_from_user(bytes, at, shown))
        print_address(line, at);
    else
        print_quoted(line, bytes, shown, shown < n);
}

static void print_string(struct trace_line *line, uint64_t at)
{
    char bytes[2 * SHOWN_BYTES];
    ssize_t n = copy_string_from_user(bytes, at, sizeof(bytes));
    if (n == -EFAULT)
        print_address(line, at);
    else if (n < 0)
        print_quoted(line, bytes, sizeof(bytes), true);
    else
        print_quoted(line, bytes, n, false);
}

// ---- structures ----

static void print_timespec(struct trace_line *line, uint64_t at)
{
    struct abi_timespec t;
    if (!at || GET_USER(&t, at))
        print_address(line, at);
    else
        trace_print(line, "%ld.%09ld", t.sec, t.nsec);
}

static void print_itimerval(struct trace_line *line, uint64_t at)
{
    struct abi_timeval t[2];
    if (!at || GET_USER(&t, at))
        print_address(line, at);
    else
        trace_print(line, "{%ld.%06ld every %ld.%06ld}", t[1].sec, t[1].usec,
                    t[0].sec, t[0].usec);
}

static void print_sigset(struct trace_line *line, uint64_t at)
{
    uint64_t set;
    const char *separator = "";
    if (!at || GET_USER(&set, at)) {
        print_address(line, at);
        return;
    }
    if (__builtin_popcountll(set) > SHOWN_ITEMS) {
        trace_print(line, "~%#lx", ~set);
        return;
    }
    trace_print(line, "[");
    for (int signal = 1; signal <= SIGNAL_COUNT; signal++) {
        if (!(set >> (signal - 1) & 1))
            continue;
        const char *name = trace_signal_name(signal);
        if (name)
            trace_print(line, "%s%s", separator, name + 3);
        else
            trace_print(line, "%s%d", separator, signal);
        separator = " ";
    }
    trace_print(line, "]");
}

static void print_sigaction(struct trace_line *line, uint64_t at)
{
    struct abi_sigaction action;
    if (!at || GET_USER(&action, at))
        print_address(line, at);
    else if (action.handler == SIG_DFL)
        trace_print(line, "SIG_DFL");
    else if (action.handler == SIG_IGN)
        trace_print(line, "SIG_IGN");
    else
        trace_print(line, "{%#lx flags=%#lx}", action.handler, action.flags);
}

static void print_int_at(struct trace_line *line, uint64_t at)
{
    int value;
    if (!at || GET_USER(&value, at))
        print_address(line, at);
    else
        trace_print(line, "[%d]", value);
}

static void print_two_fds(struct trace_line *line, uint64_t at)
{
    int fds[2];
    if (GET_USER(&fds, at))
        print_address(line, at);
    else
        trace_print(line, "[%d, %d]", fds[0], fds[1]);
}

static void print_strings(struct trace_line *line, uint64_t array)
{
    uaddr s = 0;
    trace_print(line, "[");
    for (unsigned i = 0; array; i++, array += sizeof(s)) {
        if (GET_USER(&s, array) || !s)
            break;
        trace_print(line, i ? ", " : "");
        if (i == SHOWN_ITEMS) {
            trace_print(line, "...");
            break;
        }
        print_string(line, s);
    }
    trace_print(line, "]");
}

// ---- those whose length is another argument ----

static void print_sockaddr_of(struct trace_line *line, uaddr at, size_t length)
{
    struct {
        uint16_t family;
        uint8_t data[108];
    } address = {0};
    length = MIN(length, sizeof(address));
    if (!at || length < sizeof(uint16_t) ||
        copy_from_user(&address, at, length)) {
        print_address(line, at);
        return;
    }
    const uint8_t *d = address.data;
    if (address.family == AF_INET)
        trace_print(line, "{%u.%u.%u.%u:%u}", d[2], d[3], d[4], d[5],
                    d[0] << 8 | d[1]);
    else if (address.family == AF_UNIX)
        trace_print(line, "{AF_UNIX \"%.100s\"}", (const char *)d);
    else
        trace_print(line, "{family %u}", address.family);
}

static void print_sockaddr(struct trace_line *line,
                           const struct traced_call *call, unsigned i)
{
    print_sockaddr_of(line, call->args[i], call->args[i + 1]);
}

static void print_sockaddr_out(struct trace_line *line,
                               const struct traced_call *call, unsigned i)
{
    uint32_t length;
    if (call->result < 0 || !call->args[i] ||
        GET_USER(&length, call->args[i + 1]))
        print_address(line, call->args[i]);
    else
        print_sockaddr_of(line, call->args[i], length);
}

static void print_buffer(struct trace_line *line,
                         const struct traced_call *call, unsigned i)
{
    print_bytes(line, call->args[i], call->args[i + 1]);
}

static void print_buffer_out(struct trace_line *line,
                             const struct traced_call *call, unsigned i)
{
    if (call->result < 0)
        print_address(line, call->args[i]);
    else
        print_bytes(line, call->args[i],
                    MIN((uint64_t)call->result, call->args[i + 1]));
}

static void print_iovec(struct trace_line *line, const struct traced_call *call,
                        unsigned i)
{
    uint64_t count = call->args[i + 1];
    trace_print(line, "[");
    for (uint64_t item = 0; item < count; item++) {
        struct iovec v;
        if (GET_USER(&v, call->args[i] + item * sizeof(v)))
            break;
        trace_print(line, item ? ", " : "");
        if (item == SHOWN_ITEMS) {
            trace_print(line, "...");
            break;
        }
        print_bytes(line, v.base, v.length);
    }
    trace_print(line, "]");
}

static void print_pollfds(struct trace_line *line,
                          const struct traced_call *call, unsigned i)
{
    uint64_t count = MIN(call->args[i + 1], (uint64_t)SHOWN_ITEMS);
    trace_print(line, "[");
    for (uint64_t item = 0; item < count; item++) {
        struct abi_pollfd p;
        if (GET_USER(&p, call->args[i] + item * sizeof(p)))
            break;
        trace_print(line, "%s%d:%#x", item ? ", " : "", p.fd, p.events);
    }
    trace_print(line, count < call->args[i + 1] ? ", ...]" : "]");
}

// ---- kinds ----

static const struct kind {
    const char *name;
    void (*print)(struct trace_line *line, uint64_t value);
    void (*print_with)(struct trace_line *line, const struct traced_call *call,
                       unsigned i);
} kinds[] = {
    {"fd", print_fd, NULL},
    {"dirfd", print_dirfd, NULL},
    {"number", print_number, NULL},
    {"size", print_size, NULL},
    {"hex", print_hex, NULL},
    {"address", print_address, NULL},
    {"mode", print_mode, NULL},
    {"path", print_string, NULL},
    {"string", print_string, NULL},
    {"string_out", print_string, NULL},
    {"strings", print_strings, NULL},
    {"timespec", print_timespec, NULL},
    {"timespec_out", print_timespec, NULL},
    {"itimerval", print_itimerval, NULL},
    {"sigset", print_sigset, NULL},
    {"sigset_out", print_sigset, NULL},
    {"sigaction", print_sigaction, NULL},
    {"int_at", print_int_at, NULL},
    {"int_at_out", print_int_at, NULL},
    {"status_out", print_int_at, NULL},
    {"fds_out", print_two_fds, NULL},
    {"buffer", NULL, print_buffer},
    {"buffer_out", NULL, print_buffer_out},
    {"iovec", NULL, print_iovec},
    {"sockaddr", NULL, print_sockaddr},
    {"sockaddr_out", NULL, print_sockaddr_out},
    {"pollfds", NULL, print_pollfds},
};

bool trace_kind_is_output(const char *kind, size_t n)
{
    return n > 4 && memcmp(kind + n - 4, "_out", 4) == 0;
}

void trace_argument(struct trace_line *line, const struct traced_call *call,
                    unsigned i, const char *kind, size_t n)
{
    uint64_t value = call->args[i];
    for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
        if (strlen(kinds[k].name) != n || memcmp(kinds[k].name, kind, n) != 0)
            continue;
        if (kinds[k].print)
            kinds[k].print(line, value);
        else
            kinds[k].print_with(line, call, i);
        return;
    }
    if (!trace_named(line, kind, n, value))
        print_hex(line, value);
}
