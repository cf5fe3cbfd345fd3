// SPDX-License-Identifier: MIT
//
// rm [-rf] path...: removes files, and with -r folders. With -f what is not
// there is no error.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool force, recursive;

static bool remove_path(const char *path);

static bool remove_contents(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool good = true;

    if (!folder) {
        warn("%s", path);
        return false;
    }
    while ((entry = readdir(folder))) {
        char inner[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        good &= remove_path(inner);
    }
    closedir(folder);
    return good;
}

static bool remove_path(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0) {
        if (force && errno == ENOENT)
            return true;
        warn("%s", path);
        return false;
    }
    if (S_ISDIR(st.st_mode)) {
        if (!recursive) {
            warnx("%s: is a folder (-r removes it)", path);
            return false;
        }
        if (!remove_contents(path))
            return false;
    }
    if ((S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path)) < 0) {
        warn("%s", path);
        return false;
    }
    return true;
}

int main(int argc, char *argv[])
{
    bool good = true;
    int option;

    while ((option = getopt(argc, argv, "fr")) != -1) {
        if (option == '?')
            return 2;
        force |= option == 'f';
        recursive |= option == 'r';
    }
    if (optind == argc && !force) {
        fprintf(stderr, "usage: rm [-rf] path...\n");
        return 2;
    }
    for (; optind < argc; optind++)
        good &= remove_path(argv[optind]);
    return !good;
}
