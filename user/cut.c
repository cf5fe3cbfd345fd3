// SPDX-License-Identifier: MIT
//
// cut -c list | -f list [-d character] [-s] [file]: selected characters or
// fields of each line. A list is numbers and ranges: 1,3-5,7-

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_selected(const char *list, long number)
{
    while (*list) {
        char *end;
        long first = strtol(list, &end, 10), last = first;

        if (end == list)
            first = 1;
        if (*end == '-') {
            const char *after = end + 1;

            last = strtol(after, &end, 10);
            if (end == after)
                last = number;
        } else if (end == list) {
            errx(2, "%s: not a list", list);
        }
        if (number >= first && number <= last)
            return true;
        list = *end == ',' ? end + 1 : end;
        if (end[0] && end[0] != ',')
            errx(2, "%s: not a list", end);
    }
    return false;
}

static void cut_characters(const char *line, const char *list)
{
    for (long i = 0; line[i]; i++) {
        if (is_selected(list, i + 1))
            putchar(line[i]);
    }
    putchar('\n');
}

static void cut_fields(const char *line, const char *list, char separator)
{
    bool first = true;

    for (long number = 1;; number++) {
        const char *end = strchrnul(line, separator);

        if (is_selected(list, number)) {
            if (!first)
                putchar(separator);
            printf("%.*s", (int)(end - line), line);
            first = false;
        }
        if (!*end)
            break;
        line = end + 1;
    }
    putchar('\n');
}

static void cut(char *line, char what, const char *list, char separator,
                bool separated_only)
{
    line[strcspn(line, "\n")] = '\0';
    if (what == 'c')
        cut_characters(line, list);
    else if (strchr(line, separator))
        cut_fields(line, list, separator);
    else if (!separated_only)
        puts(line);
}

int main(int argc, char *argv[])
{
    char separator = '\t', what = '\0';
    bool separated_only = false;
    const char *list = NULL;
    FILE *file = stdin;
    char *line = NULL;
    size_t size = 0;
    int option;

    while ((option = getopt(argc, argv, "c:f:d:s")) != -1) {
        switch (option) {
        case 'c':
        case 'f':
            what = option;
            list = optarg;
            break;
        case 'd':
            separator = *optarg;
            break;
        case 's':
            separated_only = true;
            break;
        default:
            return 2;
        }
    }
    if (!list)
        errx(2, "usage: cut -c list | -f list [-d character] [-s] [file]");
    if (optind < argc && !(file = fopen(argv[optind], "r")))
        err(1, "%s", argv[optind]);
    while (getline(&line, &size, file) > 0)
        cut(line, what, list, separator, separated_only);
    return 0;
}
