// SPDX-License-Identifier: MIT
//
// grep [-EFchilnqvx] pattern [file]...: prints the lines that match a regular
// expression. Ends with 0 if there were any, 1 if none, 2 after an error.

#include <err.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool fixed, count_only, no_names, ignore_case, list_files, numbers;
static bool quiet, invert, whole_lines;
static const char *pattern;
static regex_t expression;
static bool found, failed;

static bool matches(const char *line)
{
    regmatch_t match;

    if (fixed && whole_lines)
        return strcmp(line, pattern) == 0;
    if (fixed)
        return (ignore_case ? strcasestr : strstr)(line, pattern) != NULL;
    if (regexec(&expression, line, 1, &match, 0) != 0)
        return false;
    return !whole_lines || (match.rm_so == 0 && line[match.rm_eo] == '\0');
}

static void search(FILE *file, const char *name, bool show_name)
{
    unsigned long number = 0, count = 0;
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, file)) > 0) {
        number++;
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (matches(line) == invert)
            continue;
        count++;
        found = true;
        if (quiet)
            exit(0);
        if (list_files)
            break;
        if (count_only)
            continue;
        if (show_name)
            printf("%s:", name);
        if (numbers)
            printf("%lu:", number);
        puts(line);
    }
    free(line);
    if (list_files && count > 0)
        puts(name);
    if (count_only && show_name)
        printf("%s:", name);
    if (count_only)
        printf("%lu\n", count);
}

static void compile(int flags)
{
    char message[128];
    int error;

    if (fixed)
        return;
    error =
        regcomp(&expression, pattern, flags | (ignore_case ? REG_ICASE : 0));
    if (error == 0)
        return;
    regerror(error, &expression, message, sizeof(message));
    errx(2, "%s: %s", pattern, message);
}

static int parse_options(int argc, char *argv[])
{
    int option, flags = 0;

    while ((option = getopt(argc, argv, "EFchilnqvx")) != -1) {
        switch (option) {
        case 'E':
            flags = REG_EXTENDED;
            break;
        case 'F':
            fixed = true;
            break;
        case 'c':
            count_only = true;
            break;
        case 'h':
            no_names = true;
            break;
        case 'i':
            ignore_case = true;
            break;
        case 'l':
            list_files = true;
            break;
        case 'n':
            numbers = true;
            break;
        case 'q':
            quiet = true;
            break;
        case 'v':
            invert = true;
            break;
        case 'x':
            whole_lines = true;
            break;
        default:
            exit(2);
        }
    }
    return flags;
}

int main(int argc, char *argv[])
{
    int flags = parse_options(argc, argv);

    if (optind == argc)
        errx(2, "usage: grep [-EFchilnqvx] pattern [file]...");
    pattern = argv[optind++];
    compile(flags);
    if (optind == argc)
        search(stdin, "(standard input)", false);
    for (int i = optind; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");

        if (!file) {
            warn("%s", argv[i]);
            failed = true;
            continue;
        }
        search(file, argv[i], argc - optind > 1 && !no_names);
        fclose(file);
    }
    if (fflush(stdout) != 0)
        err(2, "standard output");
    return failed ? 2 : !found;
}
