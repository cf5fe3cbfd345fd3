// SPDX-License-Identifier: MIT
//
// mkdir [-p] path...: makes folders; -p also those above, and is content with
// what is there.

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make(const char *path, bool parents)
{
    if (mkdir(path, 0777) == 0 ||
        (parents && errno == EEXIST && is_folder(path)))
        return true;
    warn("%s", path);
    return false;
}

static bool make_parents(char *path)
{
    for (char *slash = path + 1; *slash; slash++) {
        bool good;

        if (*slash != '/')
            continue;
        *slash = '\0';
        good = make(path, true);
        *slash = '/';
        if (!good)
            return false;
    }
    return true;
}

int main(int argc, char *argv[])
{
    bool parents = false, good = true;
    int option;

    while ((option = getopt(argc, argv, "p")) != -1) {
        if (option != 'p')
            return 2;
        parents = true;
    }
    if (optind == argc) {
        fprintf(stderr, "usage: mkdir [-p] path...\n");
        return 2;
    }
    for (; optind < argc; optind++)
        good &= (!parents || make_parents(argv[optind])) &&
                make(argv[optind], parents);
    return !good;
}
