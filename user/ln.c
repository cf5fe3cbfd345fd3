// SPDX-License-Identifier: MIT
//
// ln [-sf] target [name]: makes a name for a file, or with -s a symbolic link.
// A folder as the name means: in it, under the target's own name.

#include <err.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    bool symbolic = false, force = false;
    char path[PATH_MAX], copy[PATH_MAX];
    const char *target, *name;
    struct stat st;
    int option;

    while ((option = getopt(argc, argv, "fs")) != -1) {
        if (option == '?')
            return 2;
        symbolic |= option == 's';
        force |= option == 'f';
    }
    if (argc - optind != 1 && argc - optind != 2) {
        fprintf(stderr, "usage: ln [-sf] target [name]\n");
        return 2;
    }
    target = argv[optind];
    name = argc - optind == 2 ? argv[optind + 1] : ".";
    if (stat(name, &st) == 0 && S_ISDIR(st.st_mode)) {
        snprintf(copy, sizeof(copy), "%s", target);
        snprintf(path, sizeof(path), "%s/%s", name, basename(copy));
        name = path;
    }
    if (force)
        unlink(name);
    if ((symbolic ? symlink(target, name) : link(target, name)) < 0)
        err(1, "%s", name);
    return 0;
}
