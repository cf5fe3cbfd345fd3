// SPDX-License-Identifier: MIT
//
// What the files of system-call tracing share: trace.c decides what is traced
// and makes a line of each call, trace_args.c prints arguments by their kind,
// trace_names.c knows the names of numbers and flags.

#pragma once

#include <lib/types.h>

#define TRACE_LINE 480  // a line of the log is not longer

struct trace_line {
    size_t length;
    char text[TRACE_LINE];
};

void trace_print(struct trace_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// A call while it is traced. result: only for arguments printed afterwards.
struct traced_call {
    uint64_t args[6];
    long result;
};

// Does the kind, a word of length n, show what the call has written?
bool trace_kind_is_output(const char *kind, size_t n);

// Print argument i of the call.
void trace_argument(struct trace_line *line, const struct traced_call *call,
                    unsigned i, const char *kind, size_t n);

// Print by a table of names: one of several values, or a set of flags. False if
// the kind has no such table.
bool trace_named(struct trace_line *line, const char *kind, size_t n,
                 uint64_t value);

// "ENOENT" and so on; NULL for a number without a name.
const char *trace_errno_name(int error);
const char *trace_signal_name(int signal);
