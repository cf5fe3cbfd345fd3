// SPDX-License-Identifier: MIT
//
// wc [-lwc] [file]...: counts lines, words and bytes.

#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

struct counts {
    unsigned long lines, words, bytes;
};

static bool show_lines, show_words, show_bytes;

static void count_block(struct counts *counts, const char *data, size_t length,
                        bool *in_word)
{
    counts->bytes += length;
    for (size_t i = 0; i < length; i++) {
        bool space = isspace((unsigned char)data[i]);

        counts->lines += data[i] == '\n';
        counts->words += !space && !*in_word;
        *in_word = !space;
    }
}

static struct counts count(FILE *file)
{
    static char data[65536];
    struct counts counts = {0};
    bool in_word = false;
    size_t length;

    while ((length = fread(data, 1, sizeof(data), file)) > 0)
        count_block(&counts, data, length, &in_word);
    return counts;
}

static const char *print_number(const char *space, unsigned long number)
{
    printf("%s%lu", space, number);
    return " ";
}

static void print(struct counts counts, const char *name)
{
    const char *space = "";

    if (show_lines)
        space = print_number(space, counts.lines);
    if (show_words)
        space = print_number(space, counts.words);
    if (show_bytes)
        print_number(space, counts.bytes);
    printf(*name ? " %s\n" : "\n", name);
}

static bool count_file(const char *name, struct counts *total)
{
    FILE *file = fopen(name, "r");
    struct counts counts;

    if (!file) {
        warn("%s", name);
        return false;
    }
    counts = count(file);
    if (ferror(file))
        warn("%s", name);
    print(counts, name);
    total->lines += counts.lines;
    total->words += counts.words;
    total->bytes += counts.bytes;
    return fclose(file) == 0;
}

int main(int argc, char *argv[])
{
    struct counts total = {0};
    bool good = true;
    int option;

    while ((option = getopt(argc, argv, "lwc")) != -1) {
        if (option == '?')
            return 2;
        show_lines |= option == 'l';
        show_words |= option == 'w';
        show_bytes |= option == 'c';
    }
    if (!show_lines && !show_words && !show_bytes)
        show_lines = show_words = show_bytes = true;
    if (optind == argc)
        print(count(stdin), "");
    for (int i = optind; i < argc; i++)
        good &= count_file(argv[i], &total);
    if (argc - optind > 1)
        print(total, "total");
    return !good;
}
