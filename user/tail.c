// SPDX-License-Identifier: MIT
//
// tail [-n lines | -lines] [file]: the last lines of a file, or with -n +N the
// lines from the Nth on. Keeps only as many lines as it may have to print.

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct line {
    char *text;
    size_t size;
    ssize_t length;
};

static void print_from(FILE *file, long first)
{
    long number = 1;
    int c;

    while ((c = getc(file)) != EOF) {
        if (number >= first)
            putchar(c);
        number += c == '\n';
    }
}

// One slot more than lines to print: getline() spoils the slot in which it
// meets the end.
static void print_last(FILE *file, long count)
{
    long slots = count + 1, read = 0;
    struct line *ring = calloc(slots, sizeof(*ring));

    if (!ring)
        err(1, "malloc");
    for (;; read++) {
        struct line *line = &ring[read % slots];

        line->length = getline(&line->text, &line->size, file);
        if (line->length < 0)
            break;
    }
    for (long i = read > count ? read - count : 0; i < read; i++)
        fwrite(ring[i % slots].text, 1, ring[i % slots].length, stdout);
}

int main(int argc, char *argv[])
{
    const char *lines = "10";
    FILE *file = stdin;
    char *end;
    long count;
    int option;

    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        lines = argv[1] + 1;
        optind = 2;
    }
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option != 'n')
            return 2;
        lines = optarg;
    }
    count = strtol(lines, &end, 10);
    if (!*lines || *end)
        errx(2, "%s: not a number", lines);
    if (optind < argc && !(file = fopen(argv[optind], "r")))
        err(1, "%s", argv[optind]);
    if (*lines == '+')
        print_from(file, count);
    else
        print_last(file, labs(count));
    if (ferror(file))
        err(1, "%s", argv[optind]);
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return 0;
}
