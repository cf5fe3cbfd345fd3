// SPDX-License-Identifier: MIT
//
// What a unit test needs; included once by each test file, since it brings
// main. TEST(name) { ... } puts itself into the table; the output is TAP. A
// failed CHECK ends the program: what follows it would mean nothing.

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
    const char *name;
    void (*function)(void);
};

#define TEST(id)                                                  \
    static void test_##id(void);                                  \
    static const struct unit_test row_##id = {#id, test_##id};    \
    static const struct unit_test *const entry_##id               \
        __attribute__((used, section("unit_tests"))) = &row_##id; \
    static void test_##id(void)

extern const struct unit_test *const __start_unit_tests[];
extern const struct unit_test *const __stop_unit_tests[];

static const struct unit_test *const *running_test;

static inline void unit_fail(const char *file, int line, const char *what)
{
    printf("not ok %d - %s\n# %s:%d: %s\n",
           (int)(running_test - __start_unit_tests) + 1, (*running_test)->name,
           file, line, what);
    exit(1);
}

#define CHECK(expression)                               \
    do {                                                \
        if (!(expression))                              \
            unit_fail(__FILE__, __LINE__, #expression); \
    } while (0)

#define CHECK_EQ(got, wanted)                                              \
    do {                                                                   \
        long long got_ = (long long)(got), wanted_ = (long long)(wanted);  \
        char text_[256];                                                   \
        snprintf(text_, sizeof(text_), "%s (got %lld, wanted %lld)", #got, \
                 got_, wanted_);                                           \
        if (got_ != wanted_)                                               \
            unit_fail(__FILE__, __LINE__, text_);                          \
    } while (0)

// The kernel's assert ends here.
__attribute__((weak, noreturn)) void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    unit_fail("", 0, "the code under test panicked");
    abort();
}

int main(void)
{
    setbuf(stdout, NULL);
    printf("1..%d\n", (int)(__stop_unit_tests - __start_unit_tests));
    for (running_test = __start_unit_tests; running_test < __stop_unit_tests;
         running_test++) {
        (*running_test)->function();
        printf("ok %d - %s\n", (int)(running_test - __start_unit_tests) + 1,
               (*running_test)->name);
    }
    return 0;
}
