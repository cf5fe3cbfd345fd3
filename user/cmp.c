// SPDX-License-Identifier: MIT
//
// cmp file1 file2: says where two files differ first; - is the input. Ends with
// 0 if they are equal, 1 if not, 2 after an error.

#include <err.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char *argv[])
{
    unsigned long position = 1, line = 1;
    FILE *files[2];
    int a, b;

    if (argc != 3)
        errx(2, "usage: cmp file1 file2");
    for (int i = 0; i < 2; i++) {
        files[i] =
            strcmp(argv[i + 1], "-") == 0 ? stdin : fopen(argv[i + 1], "r");
        if (!files[i])
            err(2, "%s", argv[i + 1]);
    }
    while ((a = getc(files[0])) == (b = getc(files[1])) && a != EOF) {
        position++;
        line += a == '\n';
    }
    for (int i = 0; i < 2; i++) {
        if (ferror(files[i]))
            err(2, "%s", argv[i + 1]);
    }
    if (a == b)
        return 0;
    if (a == EOF || b == EOF)
        printf("%s ends after byte %lu\n", argv[a == EOF ? 1 : 2],
               position - 1);
    else
        printf("%s %s differ: byte %lu, line %lu\n", argv[1], argv[2], position,
               line);
    return 1;
}
