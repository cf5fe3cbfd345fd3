// SPDX-License-Identifier: MIT
//
// uniq [-cdu] [file]: joins equal lines that follow each other. -c counts
// them, -d prints only repeated lines, -u only those that are not.

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool show_counts, repeated_only, unique_only;

static void print(const char *line, unsigned long count)
{
    if (count == 0 || (repeated_only && count == 1) ||
        (unique_only && count > 1))
        return;
    if (show_counts)
        printf("%7lu ", count);
    puts(line);
}

int main(int argc, char *argv[])
{
    char *line = NULL, *last = NULL;
    size_t size = 0, last_size = 0;
    unsigned long count = 0;
    FILE *file = stdin;
    ssize_t length;
    int option;

    while ((option = getopt(argc, argv, "cdu")) != -1) {
        if (option == '?')
            return 2;
        show_counts |= option == 'c';
        repeated_only |= option == 'd';
        unique_only |= option == 'u';
    }
    if (optind < argc && !(file = fopen(argv[optind], "r")))
        err(1, "%s", argv[optind]);
    while ((length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (count == 0 || strcmp(line, last) != 0) {
            char *swap_line = last;
            size_t swap_size = last_size;

            print(last, count);
            last = line;
            last_size = size;
            line = swap_line;
            size = swap_size;
            count = 0;
        }
        count++;
    }
    print(last, count);
    return 0;
}
