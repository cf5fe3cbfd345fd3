// SPDX-License-Identifier: MIT
//
// What code compiled with -fsanitize=undefined (DEBUG=1) calls when it is about
// to do something that C leaves undefined. The compiler passes a structure that
// starts with the place in the source; that and the kind are all we report.

#include <lib/log.h>

struct source_location {
    const char *file;
    uint32_t line, column;
};

static noreturn void undefined(const struct source_location *at,
                               const char *what)
{
    panic("%s:%u: undefined behaviour: %s", at->file, at->line, what);
}

#define HANDLER(name, what)                                       \
    void __ubsan_handle_##name(const struct source_location *at); \
    void __ubsan_handle_##name(const struct source_location *at)  \
    {                                                             \
        undefined(at, what);                                      \
    }

HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero or overflow")
HANDLER(shift_out_of_bounds, "shift out of range")
HANDLER(out_of_bounds, "array index out of bounds")
HANDLER(builtin_unreachable, "unreachable code reached")
HANDLER(missing_return, "function ends without a value")
HANDLER(vla_bound_not_positive, "array of no size")
HANDLER(load_invalid_value, "value is none of its type's")
HANDLER(invalid_builtin, "builtin with an invalid argument")
HANDLER(nonnull_arg, "null passed where it may not be")
HANDLER(type_mismatch_v1, "null, misaligned or too small object")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(alignment_assumption, "misaligned pointer assumed aligned")

void __ubsan_handle_nonnull_return_v1(const void *data,
                                      const struct source_location *at);
void __ubsan_handle_nonnull_return_v1(const void *data,
                                      const struct source_location *at)
{
    (void)data;
    undefined(at, "null returned where it may not be");
}
