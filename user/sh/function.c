// SPDX-License-Identifier: MIT
//
// Functions, and $1 $2 ... with which they are called.

#include "sh.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

struct function {
    struct function *next;
    char *name;
    const struct node *body;  // NULL: unset
};

struct positional positional;

static struct function *functions;
static unsigned definitions;

static struct function *find(const char *name)
{
    struct function *function = functions;

    while (function && strcmp(function->name, name) != 0)
        function = function->next;
    return function;
}

const struct node *function_find(const char *name)
{
    struct function *function = find(name);

    return function ? function->body : NULL;
}

unsigned functions_defined(void)
{
    return definitions;
}

// The tree must stay: execute_line() sees from functions_defined() that it has
// to keep it. An old body is not freed, it may be running.
void function_define(const char *name, const struct node *body)
{
    struct function *function = find(name);

    if (!function) {
        function = calloc(1, sizeof(*function));
        if (!function || !(function->name = strdup(name)))
            err(2, "malloc");
        function->next = functions;
        functions = function;
    }
    function->body = body;
    definitions++;
}

bool function_unset(const char *name)
{
    struct function *function = find(name);

    if (!function || !function->body)
        return false;
    function->body = NULL;
    return true;
}

static void release(struct positional *p)
{
    if (!p->owned)
        return;
    for (int i = 0; i < p->count; i++)
        free(p->values[i]);
    free(p->values);
}

void positional_set(int count, char **values)
{
    char **copies = calloc(count + 1, sizeof(*copies));

    if (!copies)
        err(2, "malloc");
    for (int i = 0; i < count; i++) {
        copies[i] = strdup(values[i]);
        if (!copies[i])
            err(2, "malloc");
    }
    release(&positional);
    positional = (struct positional){copies, count, true};
}

void positional_shift(int count)
{
    for (int i = 0; i < count && positional.owned; i++)
        free(positional.values[i]);
    positional.count -= count;
    memmove(positional.values, positional.values + count,
            (positional.count + 1) * sizeof(*positional.values));
}

// Runs the function with argv[1] ... as its parameters. `break` in it does not
// reach the caller's loops.
int function_call(const struct node *body, char **argv)
{
    struct positional outer = positional;
    int outer_loops = shell.loop_depth;
    int status, count = 0;

    while (argv[1 + count])
        count++;
    positional = (struct positional){argv + 1, count, false};
    shell.loop_depth = 0;
    shell.function_depth++;
    status = execute(body);
    if (shell.flow == FLOW_RETURN) {
        shell.flow = FLOW_NEXT;
        status = shell.status;
    }
    shell.function_depth--;
    shell.loop_depth = outer_loops;
    release(&positional);
    positional = outer;
    return status;
}
