// SPDX-License-Identifier: MIT
//
// echo, printf and read: text out and in.

#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// echo [-n] [argument...]: nothing in the arguments is special.
int builtin_echo(int argc, char **argv)
{
    bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;

    for (int i = newline ? 1 : 2; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    if (newline)
        putchar('\n');
    return 0;
}

// text begins with a backslash: prints what it stands for, and returns how
// much of the text that was.
static size_t print_escape(const char *text)
{
    static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
    const char *letter = text[1] ? strchr(letters, text[1]) : NULL;
    size_t length = 1;
    int octal = 0;

    if (letter) {
        putchar(values[letter - letters]);
        return 2;
    }
    while (length < 5 - (text[1] != '0') && text[length] >= '0' &&
           text[length] <= '7')
        octal = octal * 8 + text[length++] - '0';
    putchar(length > 1 ? octal : '\\');
    return length;
}

static void print_escaped(const char *text)
{
    while (*text) {
        if (*text == '\\')
            text += print_escape(text);
        else
            putchar(*text++);
    }
}

static long long number(const char *text, int *status)
{
    char *end;
    long long value;

    if (*text == '\'' || *text == '"')
        return (unsigned char)text[1];
    errno = 0;
    value = strtoll(text, &end, 0);
    if (errno == ERANGE)
        value = strtoull(text, &end, 0);
    if (*end) {
        shell_warn("printf: %s: not a number", text);
        *status = 1;
    }
    return value;
}

// Prints one conversion; `format` holds it from the % to before its letter.
static void convert(struct buffer *format, char letter, const char *argument,
                    int *status)
{
    switch (letter) {
    case 'b':
        print_escaped(argument ? argument : "");
        break;
    case 'c':
        if (argument && *argument)
            putchar(*argument);
        break;
    case 's':
        buffer_add(format, 's');
        printf(format->text, argument ? argument : "");
        break;
    default:
        buffer_append(format, "ll", 2);
        buffer_add(format, letter);
        printf(format->text, argument ? number(argument, status) : 0);
    }
}

// Prints the format once. Returns how many of the arguments it used, or -1 if
// the format is wrong.
static int print_once(const char *format, char **argv, int *status)
{
    int used = 0;

    while (*format) {
        struct buffer conversion = {.arena = &scratch};
        size_t length;

        if (*format == '\\') {
            format += print_escape(format);
            continue;
        }
        if (*format != '%' || format[1] == '%') {
            putchar(*format);
            format += *format == '%' ? 2 : 1;
            continue;
        }
        length = 1 + strspn(format + 1, "-+ #0123456789.");
        buffer_append(&conversion, format, length);
        format += length;
        if (!*format || !strchr("bcdiosuxX", *format)) {
            shell_warn("printf: %%%c: no such conversion", *format);
            return -1;
        }
        convert(&conversion, *format++, argv[used], status);
        used += argv[used] != NULL;
    }
    return used;
}

// printf format [argument...]: the format is used again while there are
// arguments left.
int builtin_printf(int argc, char **argv)
{
    int status = 0, used;

    if (argc < 2)
        shell_error("printf: a format is missing");
    char **arguments = argv + 2;

    do {
        used = print_once(argv[1], arguments, &status);
        if (used < 0)
            return 1;
        arguments += used;
    } while (used > 0 && *arguments);
    return status;
}

// Reads a line byte by byte, so that the next command finds the rest of the
// input. With backslashes special, the field keeps them for split_line().
static bool read_line(struct buffer *line, bool raw)
{
    char c;

    buffer_clear(line);
    for (;;) {
        ssize_t n = read(0, &c, 1);

        if (n < 0 && errno == EINTR && !traps_pending() && !shell.interrupted)
            continue;
        if (n <= 0)
            return false;
        if (c == '\n')
            return true;
        buffer_add(line, c);
        if (c != '\\' || raw)
            continue;
        if (read(0, &c, 1) <= 0)
            return false;
        buffer_add(line, c);
        if (c == '\n') {
            line->length -= 2;
            line->text[line->length] = '\0';
        }
    }
}

// Takes one field off the line: up to a separator, or for the last variable
// all but the blanks at the end. Returns its text.
static char *take_field(const char **line, const char *separators, bool last,
                        bool raw)
{
    struct buffer field = {.arena = &scratch};
    const char *at = *line;
    size_t keep = 0;

    buffer_clear(&field);
    while (*at && strchr(" \t\n", *at) && strchr(separators, *at))
        at++;
    for (; *at; at++) {
        bool escaped = *at == '\\' && !raw && at[1];

        if (escaped)
            at++;
        else if (strchr(separators, *at) && !last)
            break;
        buffer_add(&field, *at);
        if (escaped || !strchr(separators, *at) || !strchr(" \t\n", *at))
            keep = field.length;
    }
    field.text[keep] = '\0';
    while (*at && strchr(" \t\n", *at) && strchr(separators, *at))
        at++;
    if (*at && strchr(separators, *at) && !last)
        at++;
    *line = at;
    return field.text;
}

// read [-r] variable...
int builtin_read(int argc, char **argv)
{
    bool raw = argc > 1 && strcmp(argv[1], "-r") == 0;
    const char *separators = variable_get("IFS");
    struct buffer line = {.arena = &scratch};
    const char *rest;
    bool complete;

    complete = read_line(&line, raw);
    rest = line.text;
    for (int i = raw ? 2 : 1; i < argc; i++) {
        const char *value = take_field(&rest, separators ? separators : " \t\n",
                                       i + 1 == argc, raw);

        if (!variable_set(argv[i], value))
            shell_error("%s: is read only", argv[i]);
    }
    return complete ? 0 : 1;
}
