// SPDX-License-Identifier: MIT
//
// sort [-nru] [file]...: sorts lines by their bytes, or with -n by the number
// that they begin with.

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool numeric, reverse, unique;
static char **lines;
static size_t count;

static int compare(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;
    int order = 0;

    if (numeric) {
        double x = strtod(a, NULL), y = strtod(b, NULL);

        order = (x > y) - (x < y);
    }
    if (order == 0 && !(numeric && unique))
        order = strcmp(a, b);
    return reverse ? -order : order;
}

static void add(char *line)
{
    // The vector doubles at each power of two.
    if ((count & (count - 1)) == 0) {
        lines = realloc(lines, (2 * count + 1) * sizeof(*lines));
        if (!lines)
            err(2, "malloc");
    }
    lines[count++] = line;
}

static void read_lines(FILE *file)
{
    for (;;) {
        char *line = NULL;
        size_t size = 0;
        ssize_t length = getline(&line, &size, file);

        if (length < 0) {
            free(line);
            return;
        }
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        add(line);
    }
}

int main(int argc, char *argv[])
{
    int option;

    while ((option = getopt(argc, argv, "nru")) != -1) {
        if (option == '?')
            return 2;
        numeric |= option == 'n';
        reverse |= option == 'r';
        unique |= option == 'u';
    }
    if (optind == argc)
        read_lines(stdin);
    for (int i = optind; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");

        if (file) {
            read_lines(file);
            fclose(file);
        } else {
            err(2, "%s", argv[i]);
        }
    }
    if (count > 0)
        qsort(lines, count, sizeof(*lines), compare);
    for (size_t i = 0; i < count; i++) {
        if (!unique || i == 0 || compare(&lines[i - 1], &lines[i]) != 0)
            puts(lines[i]);
    }
    if (fflush(stdout) != 0)
        err(2, "standard output");
    return 0;
}
