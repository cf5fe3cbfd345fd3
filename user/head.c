// SPDX-License-Identifier: MIT
//
// head [-n lines | -lines | -c bytes] [file]...: the first part of files.

#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long lines = 10, bytes = -1;

static bool print(FILE *file, const char *name)
{
    long lines_left = lines, bytes_left = bytes;
    int c;

    while ((bytes >= 0 ? bytes_left-- > 0 : lines_left > 0) &&
           (c = getc(file)) != EOF) {
        putchar(c);
        lines_left -= c == '\n';
    }
    if (ferror(file))
        warn("%s", name);
    return !ferror(file);
}

static long number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < 0)
        errx(2, "%s: not a number", text);
    return value;
}

int main(int argc, char *argv[])
{
    bool good = true;
    int option;

    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        lines = number(argv[1] + 1);
        optind = 2;
    }
    while ((option = getopt(argc, argv, "n:c:")) != -1) {
        if (option == 'n')
            lines = number(optarg);
        else if (option == 'c')
            bytes = number(optarg);
        else
            return 2;
    }
    if (optind == argc)
        good = print(stdin, "standard input");
    for (int i = optind; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");

        if (argc - optind > 1)
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        if (!file) {
            warn("%s", argv[i]);
            good = false;
            continue;
        }
        good &= print(file, argv[i]);
        fclose(file);
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return !good;
}
