// SPDX-License-Identifier: MIT
//
// test and [ (POSIX.1-2017, XCU test): an expression of primaries, ! -a -o and
// parentheses.

#include "sh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The words that are left.
struct condition {
    char **at;
    char **end;
};

static bool disjunction(struct condition *c);

static long long number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (!*text || *end)
        shell_error("test: %s: not a number", text);
    return value;
}

static bool newer(const char *left, const char *right)
{
    struct stat a, b;

    if (stat(left, &a) < 0)
        return false;
    if (stat(right, &b) < 0)
        return true;
    if (a.st_mtim.tv_sec != b.st_mtim.tv_sec)
        return a.st_mtim.tv_sec > b.st_mtim.tv_sec;
    return a.st_mtim.tv_nsec > b.st_mtim.tv_nsec;
}

// Stores left op right in *result. Returns false if op is no operator.
static bool compare(const char *left, const char *op, const char *right,
                    bool *result)
{
    static const char *const numeric[] = {"-eq", "-ne", "-lt",
                                          "-le", "-gt", "-ge"};
    size_t i = 0;

    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0) {
        *result = strcmp(left, right) == 0;
    } else if (strcmp(op, "!=") == 0) {
        *result = strcmp(left, right) != 0;
    } else if (strcmp(op, "-nt") == 0) {
        *result = newer(left, right);
    } else if (strcmp(op, "-ot") == 0) {
        *result = newer(right, left);
    } else {
        while (i < 6 && strcmp(op, numeric[i]) != 0)
            i++;
        if (i == 6)
            return false;
        long long a = number(left), b = number(right);
        const bool results[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};

        *result = results[i];
    }
    return true;
}

static bool file_is(char letter, const char *path)
{
    struct stat st;

    if (letter == 'h' || letter == 'L')
        return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    if (letter == 't')
        return isatty(number(path));
    if (stat(path, &st) < 0)
        return false;
    switch (letter) {
    case 'b':
        return S_ISBLK(st.st_mode);
    case 'c':
        return S_ISCHR(st.st_mode);
    case 'd':
        return S_ISDIR(st.st_mode);
    case 'f':
        return S_ISREG(st.st_mode);
    case 'p':
        return S_ISFIFO(st.st_mode);
    case 'S':
        return S_ISSOCK(st.st_mode);
    case 'r':
        return access(path, R_OK) == 0;
    case 'w':
        return access(path, W_OK) == 0;
    case 'x':
        return access(path, X_OK) == 0;
    case 's':
        return st.st_size > 0;
    default:
        return true;
    }
}

static bool primary(struct condition *c)
{
    ptrdiff_t left = c->end - c->at;
    bool result;

    if (left <= 0)
        shell_error("test: something is missing");
    // The longer forms first: `test -n = -n` compares two strings.
    if (left >= 3 && compare(c->at[0], c->at[1], c->at[2], &result)) {
        c->at += 3;
        return result;
    }
    if (left >= 2 && strcmp(c->at[0], "(") == 0) {
        c->at++;
        result = disjunction(c);
        if (c->at == c->end || strcmp(*c->at++, ")") != 0)
            shell_error("test: ) is missing");
        return result;
    }
    if (left >= 2 && c->at[0][0] == '-' && c->at[0][1] && !c->at[0][2] &&
        strchr("bcdefhLnprsStwxz", c->at[0][1])) {
        char letter = c->at[0][1];
        const char *operand = c->at[1];

        c->at += 2;
        if (letter == 'n' || letter == 'z')
            return (*operand != '\0') == (letter == 'n');
        return file_is(letter, operand);
    }
    return *(*c->at++) != '\0';
}

static bool negation(struct condition *c)
{
    if (c->end - c->at >= 2 && strcmp(*c->at, "!") == 0 &&
        !(c->end - c->at == 3 && strchr("=!", c->at[1][0]))) {
        c->at++;
        return !negation(c);
    }
    return primary(c);
}

static bool accept(struct condition *c, const char *word)
{
    if (c->at == c->end || strcmp(*c->at, word) != 0)
        return false;
    c->at++;
    return true;
}

static bool conjunction(struct condition *c)
{
    bool result = negation(c);

    while (accept(c, "-a"))
        result = negation(c) && result;
    return result;
}

static bool disjunction(struct condition *c)
{
    bool result = conjunction(c);

    while (accept(c, "-o"))
        result = conjunction(c) || result;
    return result;
}

int builtin_test(int argc, char **argv)
{
    struct condition c = {argv + 1, argv + argc};
    bool result;

    if (strcmp(argv[0], "[") == 0) {
        if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
            shell_warn("[: ] is missing");
            return 2;
        }
        c.end--;
    }
    if (c.at == c.end)
        return 1;
    result = disjunction(&c);
    if (c.at != c.end) {
        shell_warn("test: %s: not understood", *c.at);
        return 2;
    }
    return result ? 0 : 1;
}
