// SPDX-License-Identifier: MIT
//
// tr [-cds] set1 [set2]: translates, deletes (-d) or squeezes (-s) characters;
// -c means all that are not in set1. A set is characters, ranges as in a-z, and
// the escapes \n \t \r \\ and \octal.

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct set {
    unsigned char members[256];
    size_t count;
};

// Takes one character, perhaps escaped, off the text.
static unsigned char take(const char **text)
{
    static const char letters[] = "ntr\\", values[] = "\n\t\r\\";
    const char *at = *text, *letter;
    int octal = 0;

    if (at[0] != '\\' || !at[1]) {
        *text = at + 1;
        return at[0];
    }
    letter = strchr(letters, at[1]);
    if (letter) {
        *text = at + 2;
        return values[letter - letters];
    }
    for (at++; at < *text + 4 && *at >= '0' && *at <= '7'; at++)
        octal = octal * 8 + *at - '0';
    if (at == *text + 1)
        octal = *at++;  // any other character: itself
    *text = at;
    return octal;
}

static void add(struct set *set, int c)
{
    if (set->count < sizeof(set->members))
        set->members[set->count++] = c;
}

static struct set parse(const char *text)
{
    struct set set = {.count = 0};

    while (*text) {
        int first = take(&text), last = first;

        if (text[0] == '-' && text[1]) {
            text++;
            last = take(&text);
        }
        if (last < first)
            errx(2, "%c-%c: a range goes upwards", first, last);
        for (int c = first; c <= last; c++)
            add(&set, c);
    }
    return set;
}

static bool contains(const struct set *set, int c)
{
    return memchr(set->members, c, set->count) != NULL;
}

static struct set complement(const struct set *set)
{
    struct set others = {.count = 0};

    for (int c = 0; c < 256; c++) {
        if (!contains(set, c))
            add(&others, c);
    }
    return others;
}

// What each character becomes; the last of set2 stands for all further ones.
static void make_map(const struct set *from, const struct set *to,
                     unsigned char map[256])
{
    for (int c = 0; c < 256; c++)
        map[c] = c;
    for (size_t i = 0; i < from->count && to->count > 0; i++)
        map[from->members[i]] = to->members[i < to->count ? i : to->count - 1];
}

int main(int argc, char *argv[])
{
    bool others = false, delete = false, squeeze = false;
    struct set from, to = {.count = 0};
    unsigned char map[256];
    int option, c, last = EOF;

    while ((option = getopt(argc, argv, "cds")) != -1) {
        if (option == '?')
            return 2;
        others |= option == 'c';
        delete |= option == 'd';
        squeeze |= option == 's';
    }
    if (argc - optind < 1 || argc - optind > 2)
        errx(2, "usage: tr [-cds] set1 [set2]");
    from = parse(argv[optind]);
    if (others)
        from = complement(&from);
    if (optind + 1 < argc)
        to = parse(argv[optind + 1]);
    else if (!delete &&!squeeze)
        errx(2, "set2 is missing");
    make_map(&from, &to, map);
    while ((c = getchar()) != EOF) {
        if (delete &&contains(&from, c))
            continue;
        if (!delete)
            c = map[c];
        if (squeeze && c == last && contains(to.count ? &to : &from, c))
            continue;
        putchar(c);
        last = c;
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return 0;
}
