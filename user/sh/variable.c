// SPDX-License-Identifier: MIT
//
// Variables, and the scopes in which some of them are local.

#include "sh.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct variable {
    struct variable *next;
    char *name;
    char *value;  // or NULL: unset
    bool exported;
    bool read_only;
};

// What a variable was before it became local.
struct hidden {
    struct hidden *next;
    struct variable *variable;
    char *value;
    bool exported;
};

struct scope {
    struct scope *outer;
    struct hidden *hidden;
};

static struct variable *variables;
static struct scope *scopes;

static char *duplicate(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        err(2, "malloc");
    return copy;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        err(2, "malloc");
    return memory;
}

size_t name_length(const char *text)
{
    size_t length = 0;

    if (isdigit((unsigned char)*text))
        return 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

static struct variable *find(const char *name)
{
    struct variable *variable = variables;

    while (variable && strcmp(variable->name, name) != 0)
        variable = variable->next;
    return variable;
}

static struct variable *find_or_create(const char *name)
{
    struct variable *variable = find(name);

    if (!variable) {
        variable = allocate(sizeof(*variable));
        variable->name = duplicate(name);
        variable->next = variables;
        variables = variable;
    }
    return variable;
}

const char *variable_get(const char *name)
{
    struct variable *variable = find(name);

    return variable ? variable->value : NULL;
}

bool variable_set(const char *name, const char *value)
{
    struct variable *variable = find_or_create(name);
    char *copy;

    if (variable->read_only)
        return false;
    copy = duplicate(value);
    free(variable->value);
    variable->value = copy;
    return true;
}

bool variable_unset(const char *name)
{
    struct variable *variable = find(name);

    if (!variable)
        return true;
    if (variable->read_only)
        return false;
    free(variable->value);
    variable->value = NULL;
    variable->exported = false;
    return true;
}

void variable_export(const char *name)
{
    find_or_create(name)->exported = true;
}

void variable_protect(const char *name)
{
    find_or_create(name)->read_only = true;
}

void scope_enter(void)
{
    struct scope *scope = allocate(sizeof(*scope));

    scope->outer = scopes;
    scopes = scope;
}

void variable_local(const char *name)
{
    struct hidden *hidden = allocate(sizeof(*hidden));
    struct variable *variable = find_or_create(name);

    hidden->variable = variable;
    hidden->value = variable->value ? duplicate(variable->value) : NULL;
    hidden->exported = variable->exported;
    hidden->next = scopes->hidden;
    scopes->hidden = hidden;
}

void scope_leave(void)
{
    struct scope *scope = scopes;

    while (scope->hidden) {
        struct hidden *hidden = scope->hidden;

        free(hidden->variable->value);
        hidden->variable->value = hidden->value;
        hidden->variable->exported = hidden->exported;
        scope->hidden = hidden->next;
        free(hidden);
    }
    scopes = scope->outer;
    free(scope);
}

void variables_init(char **environment)
{
    for (; *environment; environment++) {
        size_t length = name_length(*environment);
        char *name;

        if (length == 0 || (*environment)[length] != '=')
            continue;
        name = arena_copy(&scratch, *environment, length);
        variable_set(name, *environment + length + 1);
        variable_export(name);
    }
    variable_set("IFS", " \t\n");
    variable_set("PS2", "> ");
    if (!variable_get("PATH"))
        variable_set("PATH", "/bin:/sbin:/usr/bin:/usr/sbin");
}

char **variables_environment(void)
{
    size_t count = 0;
    char **environment;

    for (struct variable *v = variables; v; v = v->next)
        count += v->exported && v->value;
    environment = arena_alloc(&scratch, (count + 1) * sizeof(*environment));
    count = 0;
    for (struct variable *v = variables; v; v = v->next) {
        size_t size;

        if (!v->exported || !v->value)
            continue;
        size = strlen(v->name) + strlen(v->value) + 2;
        environment[count] = arena_alloc(&scratch, size);
        snprintf(environment[count++], size, "%s=%s", v->name, v->value);
    }
    return environment;
}

static void print_quoted(const char *value)
{
    putchar('\'');
    for (; *value; value++) {
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    }
    puts("'");
}

// Prints the set variables that have the wanted attributes, as assignments
// that the shell would read back.
void variables_print(bool exported, bool read_only)
{
    for (struct variable *v = variables; v; v = v->next) {
        if (!v->value || exported > v->exported || read_only > v->read_only)
            continue;
        if (exported)
            fputs("export ", stdout);
        if (read_only)
            fputs("readonly ", stdout);
        printf("%s=", v->name);
        print_quoted(v->value);
    }
}
