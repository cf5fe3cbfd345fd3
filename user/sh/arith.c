// SPDX-License-Identifier: MIT
//
// $((...)): C's integer expressions on variables (POSIX.1-2017, XCU 2.6.4),
// by precedence climbing. Parameters have been expanded before.

#include "sh.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where the evaluation stands. `skip` is the number of enclosing operands that
// do not count, such as the right one of `0 && x`: they are parsed only.
struct calculation {
    const char *start;
    const char *at;
    int skip;
};

// The binary operators; a longer one stands before its prefixes.
static const struct {
    char text[3];
    int precedence;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<<", 8}, {">>", 8},
    {"<=", 7}, {">=", 7}, {"|", 3},  {"^", 4},  {"&", 5},  {"<", 7},
    {">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

static long long expression(struct calculation *c);

_Noreturn static void fail(struct calculation *c, const char *why)
{
    shell_error("arithmetic: %s: `%s'", why, c->start);
}

static void skip_spaces(struct calculation *c)
{
    while (isspace((unsigned char)*c->at))
        c->at++;
}

static bool accept(struct calculation *c, const char *text)
{
    skip_spaces(c);
    if (strncmp(c->at, text, strlen(text)) != 0)
        return false;
    c->at += strlen(text);
    return true;
}

static long long variable_number(const char *name)
{
    const char *value = variable_get(name);

    return value ? strtoll(value, NULL, 0) : 0;
}

static long long divide(struct calculation *c, char op, long long a,
                        long long b)
{
    if (c->skip)
        return 0;
    if (b == 0)
        fail(c, "division by zero");
    if (b == -1)
        return op == '/' ? (long long)-(unsigned long long)a : 0;
    return op == '/' ? a / b : a % b;
}

// Unsigned where C leaves an overflow undefined.
static long long apply(struct calculation *c, const char *op, long long a,
                       long long b)
{
    unsigned long long ua = a, ub = b;

    switch (op[0]) {
    case '|':
        return op[1] == '|' ? a || b : a | b;
    case '&':
        return op[1] == '&' ? a && b : a & b;
    case '^':
        return a ^ b;
    case '=':
        return a == b;
    case '!':
        return a != b;
    case '<':
        if (op[1] == '<')
            return ua << (b & 63);
        return op[1] == '=' ? a <= b : a < b;
    case '>':
        if (op[1] == '>')
            return a >> (b & 63);
        return op[1] == '=' ? a >= b : a > b;
    case '+':
        return ua + ub;
    case '-':
        return ua - ub;
    case '*':
        return ua * ub;
    default:
        return divide(c, op[0], a, b);
    }
}

// The assignment operator at the text, as its binary operator ("" for `=`), or
// NULL.
static const char *assignment_operator(struct calculation *c)
{
    static const char *const texts[] = {"<<", ">>", "+", "-", "*",
                                        "/",  "%",  "&", "^", "|"};

    skip_spaces(c);
    if (c->at[0] == '=' && c->at[1] != '=') {
        c->at++;
        return "";
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t length = strlen(texts[i]);

        if (strncmp(c->at, texts[i], length) == 0 && c->at[length] == '=') {
            c->at += length + 1;
            return texts[i];
        }
    }
    return NULL;
}

static long long variable(struct calculation *c)
{
    size_t length = name_length(c->at);
    char *name = arena_copy(&scratch, c->at, length);
    long long value = variable_number(name);
    const char *op;

    c->at += length;
    op = assignment_operator(c);
    if (!op)
        return value;
    if (*op)
        value = apply(c, op, value, expression(c));
    else
        value = expression(c);
    if (!c->skip) {
        char text[24];

        snprintf(text, sizeof(text), "%lld", value);
        variable_set(name, text);
    }
    return value;
}

static long long unary(struct calculation *c)
{
    long long value;
    char *end;

    if (accept(c, "("))
        value = expression(c);
    else if (accept(c, "-"))
        return -(unsigned long long)unary(c);
    else if (accept(c, "+"))
        return unary(c);
    else if (accept(c, "!"))
        return !unary(c);
    else if (accept(c, "~"))
        return ~unary(c);
    else if (name_length(c->at) > 0)
        return variable(c);
    else {
        value = strtoll(c->at, &end, 0);
        if (end == c->at)
            fail(c, "syntax error");
        c->at = end;
        return value;
    }
    if (!accept(c, ")"))
        fail(c, "missing )");
    return value;
}

// Operands joined by operators that bind at least as tightly as `lowest`.
static long long binary(struct calculation *c, int lowest)
{
    long long left = unary(c);

    for (;;) {
        size_t i = 0;
        bool decided;

        skip_spaces(c);
        while (i < OPERATORS && strncmp(c->at, operators[i].text,
                                        strlen(operators[i].text)) != 0)
            i++;
        if (i == OPERATORS || operators[i].precedence < lowest)
            return left;
        c->at += strlen(operators[i].text);
        decided = operators[i].precedence <= 2 &&
                  (left != 0) == (operators[i].text[0] == '|');
        c->skip += decided;
        left = apply(c, operators[i].text, left,
                     binary(c, operators[i].precedence + 1));
        c->skip -= decided;
    }
}

static long long expression(struct calculation *c)
{
    long long condition = binary(c, 1);
    long long yes, no;

    if (!accept(c, "?"))
        return condition;
    c->skip += !condition;
    yes = expression(c);
    c->skip -= !condition;
    if (!accept(c, ":"))
        fail(c, "missing :");
    c->skip += !!condition;
    no = expression(c);
    c->skip -= !!condition;
    return condition ? yes : no;
}

long long evaluate(const char *text)
{
    struct calculation c = {.start = text, .at = text};
    long long value;

    skip_spaces(&c);
    if (!*c.at)
        return 0;
    value = expression(&c);
    skip_spaces(&c);
    if (*c.at)
        fail(&c, "syntax error");
    return value;
}
