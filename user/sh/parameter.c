// SPDX-License-Identifier: MIT
//
// What follows a `$`: parameters with their modifiers (POSIX.1-2017, XCU
// 2.6.2), command substitution, arithmetic.

#include "sh.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A parameter as it was written between the braces.
struct parameter {
    const char *name;
    size_t length;
    bool colon;       /* `:` before the modifier: an empty value is as unset */
    char modifier;    /* one of - = ? + % # or 0 */
    bool longest;     /* %% or ## */
    const char *word; /* what follows the modifier */
    size_t word_length;
};

static const char *format_number(long long number)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", number);
    return arena_copy(&scratch, text, strlen(text));
}

static const char *option_letters(void)
{
    char text[8];
    size_t length = 0;

    if (shell.exit_on_error)
        text[length++] = 'e';
    if (shell.no_glob)
        text[length++] = 'f';
    if (shell.interactive)
        text[length++] = 'i';
    if (shell.unset_is_error)
        text[length++] = 'u';
    if (shell.trace)
        text[length++] = 'x';
    return arena_copy(&scratch, text, length);
}

// $@ and $* where they make one string.
static const char *join_parameters(char name)
{
    const char *separators = variable_get("IFS");
    struct buffer joined = {.arena = &scratch};
    char separator = ' ';

    if (name == '*' && separators)
        separator = *separators;
    buffer_clear(&joined);
    for (int i = 0; i < positional.count; i++) {
        const char *value = positional.values[i];

        if (i > 0 && separator)
            buffer_add(&joined, separator);
        buffer_append(&joined, value, strlen(value));
    }
    return joined.text;
}

static const char *positional_value(int number)
{
    if (number == 0)
        return shell.name;
    return number <= positional.count ? positional.values[number - 1] : NULL;
}

// The value of a parameter, or NULL if it is unset.
static const char *parameter_value(const char *name, size_t length)
{
    if (isdigit((unsigned char)*name))
        return positional_value(atoi(name));
    switch (*name) {
    case '?':
        return format_number(shell.status);
    case '$':
        return format_number(shell.pid);
    case '!':
        return shell.last_background ? format_number(shell.last_background)
                                     : NULL;
    case '#':
        return format_number(positional.count);
    case '-':
        return option_letters();
    case '@':
    case '*':
        return positional.count ? join_parameters(*name) : NULL;
    default:
        return variable_get(arena_copy(&scratch, name, length));
    }
}

// The length of the parameter's name at text, or 0.
static size_t parameter_length(const char *text, bool braces)
{
    size_t length = name_length(text);

    if (length > 0)
        return length;
    if (isdigit((unsigned char)*text))
        return braces ? strspn(text, "0123456789") : 1;
    return *text && strchr("?$!#-@*", *text) ? 1 : 0;
}

// $@ and $*, each parameter apart where the context allows for fields.
static void expand_all(struct expansion *e, char name, bool quoted)
{
    if (!e->split || (quoted && name == '*')) {
        expansion_value(e, join_parameters(name), quoted);
        return;
    }
    e->empty_list = quoted && positional.count == 0;
    for (int i = 0; i < positional.count; i++) {
        if (i > 0 && (quoted || e->started))
            expansion_end_field(e);
        expansion_value(e, positional.values[i], quoted);
        e->started |= quoted;
    }
}

static char *part(const char *text, size_t length)
{
    return arena_copy(&scratch, text, length);
}

// ${name%pattern} and its three relatives: tries each length of the prefix or
// suffix, from the wanted end.
static const char *remove_match(const struct parameter *p, const char *value)
{
    const char *pattern = expand_pattern(part(p->word, p->word_length));
    size_t length = strlen(value);

    for (size_t i = 0; i <= length; i++) {
        size_t cut = p->longest ? length - i : i;

        if (p->modifier == '#') {
            if (fnmatch(pattern, part(value, cut), 0) == 0)
                return value + cut;
        } else if (fnmatch(pattern, value + length - cut, 0) == 0) {
            return part(value, length - cut);
        }
    }
    return value;
}

static void unset_error(const struct parameter *p)
{
    char *message = expand_string(part(p->word, p->word_length));

    shell_error("%.*s: %s", (int)p->length, p->name,
                *message ? message : "parameter not set");
}

static const char *assign_default(const struct parameter *p)
{
    char *name = part(p->name, p->length);
    char *value = expand_string(part(p->word, p->word_length));

    if (name_length(name) != p->length || !variable_set(name, value))
        shell_error("%s: cannot assign", name);
    return value;
}

static void add_value(struct expansion *e, const struct parameter *p,
                      const char *value, bool quoted)
{
    if (*p->name == '@' || *p->name == '*')
        expand_all(e, *p->name, quoted);
    else if (value)
        expansion_value(e, value, quoted);
    else if (shell.unset_is_error)
        shell_error("%.*s: parameter not set", (int)p->length, p->name);
}

static void expand_modified(struct expansion *e, const struct parameter *p,
                            bool quoted)
{
    const char *value = parameter_value(p->name, p->length);
    bool set = value && !(p->colon && !*value);

    switch (p->modifier) {
    case '+':
        if (set)
            expansion_text(e, p->word, p->word_length, quoted);
        return;
    case '-':
        if (!set) {
            expansion_text(e, p->word, p->word_length, quoted);
            return;
        }
        break;
    case '=':
        if (!set)
            value = assign_default(p);
        break;
    case '?':
        if (!set)
            unset_error(p);
        break;
    case '%':
    case '#':
        if (value)
            value = remove_match(p, value);
    }
    add_value(e, p, value, quoted);
}

// text is what stands between the braces of ${...}.
static void expand_braces(struct expansion *e, const char *text, size_t length,
                          bool quoted)
{
    struct parameter p = {.name = text};
    const char *end = text + length;
    const char *at;

    if (*text == '#' && length > 1 &&
        parameter_length(text + 1, true) == length - 1) {
        const char *value = parameter_value(text + 1, length - 1);

        expansion_value(e, format_number(value ? strlen(value) : 0), quoted);
        return;
    }
    p.length = parameter_length(text, true);
    at = text + p.length;
    if (at < end && *at == ':') {
        p.colon = true;
        at++;
    }
    if (at < end && strchr(p.colon ? "-=?+" : "-=?+%#", *at)) {
        p.modifier = *at++;
        p.longest = strchr("%#", p.modifier) && at < end && *at == p.modifier;
        at += p.longest;
    }
    if (p.length == 0 || (!p.modifier && (at < end || p.colon)))
        shell_error("${%.*s}: bad substitution", (int)length, text);
    p.word = at;
    p.word_length = end - at;
    expand_modified(e, &p, quoted);
}

static const char *arithmetic(const char *text, size_t length)
{
    return format_number(evaluate(expand_here(part(text, length))));
}

// text begins with `$`. Adds what it stands for, and returns its length.
size_t expand_parameter(struct expansion *e, const char *text, bool quoted)
{
    size_t length = skip_dollar(text);

    if (strncmp(text, "$((", 3) == 0 && length > 4 && text[length - 2] == ')') {
        expansion_value(e, arithmetic(text + 3, length - 5), quoted);
    } else if (text[1] == '(') {
        expansion_value(e, substitute_command(text + 2, length - 3), quoted);
    } else if (text[1] == '{') {
        expand_braces(e, text + 2, length - 3, quoted);
    } else {
        struct parameter p = {.name = text + 1};

        p.length = parameter_length(text + 1, false);
        if (p.length == 0)
            expansion_add(e, '$', true);
        else
            expand_modified(e, &p, quoted);
        length += p.length;
    }
    return length;
}
