// SPDX-License-Identifier: MIT
//
// hexdump [-C] [file]: offset, sixteen bytes in hex, and the same as text (the
// layout that -C asks for elsewhere, and the only one here). A run of equal
// lines is shown as one `*`.

#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 16

static void print_line(unsigned long offset, const unsigned char *data,
                       size_t length)
{
    printf("%08lx", offset);
    for (size_t i = 0; i < WIDTH; i++) {
        if (i % 8 == 0)
            putchar(' ');
        if (i < length)
            printf(" %02x", data[i]);
        else
            printf("   ");
    }
    printf("  |");
    for (size_t i = 0; i < length; i++)
        putchar(isprint(data[i]) ? data[i] : '.');
    printf("|\n");
}

int main(int argc, char *argv[])
{
    unsigned char data[WIDTH], last[WIDTH];
    unsigned long offset = 0;
    bool repeated = false;
    FILE *file = stdin;
    size_t length;

    if (getopt(argc, argv, "C") == '?')
        return 2;
    if (optind < argc && !(file = fopen(argv[optind], "r")))
        err(1, "%s", argv[optind]);
    while ((length = fread(data, 1, WIDTH, file)) > 0) {
        bool equal =
            offset > 0 && length == WIDTH && memcmp(data, last, WIDTH) == 0;

        if (!equal)
            print_line(offset, data, length);
        else if (!repeated)
            puts("*");
        repeated = equal;
        memcpy(last, data, WIDTH);
        offset += length;
    }
    if (ferror(file))
        err(1, "%s", argv[optind]);
    if (offset > 0)
        printf("%08lx\n", offset);
    return 0;
}
