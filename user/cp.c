// SPDX-License-Identifier: MIT
//
// cp [-r] from... to: copies files, and with -r folders. Keeps the mode; with
// -r a symbolic link stays one.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[65536];
static bool recursive;

static bool copy(const char *from, const char *to);

static bool fail(const char *path)
{
    warn("%s", path);
    return false;
}

static bool copy_data(int input, int output, const char *from, const char *to)
{
    ssize_t n;

    while ((n = read(input, buffer, sizeof(buffer))) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(output, buffer + done, n - done);

            if (written < 0)
                return fail(to);
            done += written;
        }
    }
    return n == 0 || fail(from);
}

static bool copy_file(const char *from, const char *to, mode_t mode)
{
    int input = open(from, O_RDONLY), output;
    bool good;

    if (input < 0)
        return fail(from);
    output = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    if (output < 0) {
        close(input);
        return fail(to);
    }
    good = copy_data(input, output, from, to);
    close(input);
    return close(output) == 0 ? good : fail(to);
}

static bool copy_link(const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t length = readlink(from, target, sizeof(target) - 1);

    if (length < 0)
        return fail(from);
    target[length] = '\0';
    return symlink(target, to) == 0 || fail(to);
}

static bool copy_folder(const char *from, const char *to, mode_t mode)
{
    DIR *folder = opendir(from);
    struct dirent *entry;
    bool good = true;

    if (!folder)
        return fail(from);
    if (mkdir(to, mode & 0777) < 0 && errno != EEXIST) {
        closedir(folder);
        return fail(to);
    }
    while ((entry = readdir(folder))) {
        char source[PATH_MAX], target[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        good &= copy(source, target);
    }
    closedir(folder);
    return good;
}

static bool copy(const char *from, const char *to)
{
    struct stat st, existing;

    if ((recursive ? lstat(from, &st) : stat(from, &st)) < 0)
        return fail(from);
    if (stat(to, &existing) == 0 && st.st_dev == existing.st_dev &&
        st.st_ino == existing.st_ino) {
        warnx("%s and %s are the same", from, to);
        return false;
    }
    if (S_ISLNK(st.st_mode))
        return copy_link(from, to);
    if (!S_ISDIR(st.st_mode))
        return copy_file(from, to, st.st_mode);
    if (recursive)
        return copy_folder(from, to, st.st_mode);
    warnx("%s: is a folder (-r copies it)", from);
    return false;
}

int main(int argc, char *argv[])
{
    const char *to;
    struct stat st;
    bool good = true, into;
    int option;

    while ((option = getopt(argc, argv, "r")) != -1) {
        if (option != 'r')
            return 2;
        recursive = true;
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: cp [-r] from... to\n");
        return 2;
    }
    to = argv[--argc];
    into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc - optind > 1)
        errx(1, "%s: is no folder", to);
    for (; optind < argc; optind++) {
        char name[PATH_MAX], target[PATH_MAX];

        snprintf(name, sizeof(name), "%s", argv[optind]);
        snprintf(target, sizeof(target), "%s%s%s", to, into ? "/" : "",
                 into ? basename(name) : "");
        good &= copy(argv[optind], target);
    }
    return !good;
}
