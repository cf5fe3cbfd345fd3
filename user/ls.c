// SPDX-License-Identifier: MIT
//
// ls [-1adlR] [path]...: lists folders, sorted by name. Always one name per
// line; -l adds type, mode, links, owner, size, time and a link's target.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

struct entry {
    char *name;
    struct stat st;
};

static bool all, itself, longer, recursive;
static int status;

static void complain(const char *path)
{
    warn("%s", path);
    status = 1;
}

static void format_mode(mode_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";
    char type = '?';

    if (S_ISREG(mode))
        type = '-';
    else if (S_ISDIR(mode))
        type = 'd';
    else if (S_ISLNK(mode))
        type = 'l';
    else if (S_ISCHR(mode))
        type = 'c';
    else if (S_ISBLK(mode))
        type = 'b';
    else if (S_ISFIFO(mode))
        type = 'p';
    else if (S_ISSOCK(mode))
        type = 's';
    text[0] = type;
    for (int i = 0; i < 9; i++)
        text[i + 1] = mode & (0400 >> i) ? letters[i] : '-';
    if (mode & S_ISUID)
        text[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        text[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        text[9] = mode & S_IXOTH ? 't' : 'T';
    text[10] = '\0';
}

static void print_long(const struct stat *st)
{
    char mode[11], date[32];

    format_mode(st->st_mode, mode);
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M", localtime(&st->st_mtime));
    printf("%s %3lu %4u %4u ", mode, (unsigned long)st->st_nlink, st->st_uid,
           st->st_gid);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        printf("%4u, %3u", major(st->st_rdev), minor(st->st_rdev));
    else
        printf("%9lld", (long long)st->st_size);
    printf(" %s ", date);
}

static void print_entry(const struct entry *entry, const char *path)
{
    char target[PATH_MAX];
    ssize_t length;

    if (longer)
        print_long(&entry->st);
    fputs(entry->name, stdout);
    if (longer && S_ISLNK(entry->st.st_mode)) {
        length = readlink(path, target, sizeof(target));
        if (length >= 0)
            printf(" -> %.*s", (int)length, target);
    }
    putchar('\n');
}

static int by_name(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return strcmp(a->name, b->name);
}

static void join(char path[PATH_MAX], const char *folder, const char *name)
{
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";

    snprintf(path, PATH_MAX, "%s%s%s", folder, slash, name);
}

// Reads a folder into *entries, sorted. Returns how many there are.
static size_t read_folder(const char *folder, struct entry **entries)
{
    DIR *stream = opendir(folder);
    struct dirent *found;
    size_t count = 0;
    char path[PATH_MAX];

    *entries = NULL;
    if (!stream) {
        complain(folder);
        return 0;
    }
    while ((found = readdir(stream))) {
        struct entry *entry;

        if (found->d_name[0] == '.' && !all)
            continue;
        *entries = realloc(*entries, (count + 1) * sizeof(**entries));
        if (!*entries || !((*entries)[count].name = strdup(found->d_name)))
            err(1, "%s", folder);
        entry = &(*entries)[count++];
        join(path, folder, entry->name);
        if (lstat(path, &entry->st) < 0) {
            memset(&entry->st, 0, sizeof(entry->st));
            // What vanished in between is no error.
            if (errno != ENOENT)
                complain(path);
        }
    }
    closedir(stream);
    qsort(*entries, count, sizeof(**entries), by_name);
    return count;
}

static void list_folder(const char *folder, bool heading)
{
    struct entry *entries;
    size_t count = read_folder(folder, &entries);
    char path[PATH_MAX];

    if (heading)
        printf("%s:\n", folder);
    for (size_t i = 0; i < count; i++) {
        join(path, folder, entries[i].name);
        print_entry(&entries[i], path);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[i].name;

        if (recursive && S_ISDIR(entries[i].st.st_mode) &&
            strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            join(path, folder, name);
            putchar('\n');
            list_folder(path, true);
        }
        free(entries[i].name);
    }
    free(entries);
}

static bool is_folder(const char *path, struct stat *st)
{
    // A link that is named is followed, unless it is to be shown.
    if (!longer && !itself && stat(path, st) == 0)
        return S_ISDIR(st->st_mode);
    return lstat(path, st) == 0 && S_ISDIR(st->st_mode) && !itself;
}

static void list_paths(int count, char *paths[])
{
    struct stat st;
    bool listed = false;

    for (int i = 0; i < count; i++) {
        if (is_folder(paths[i], &st))
            continue;
        if (lstat(paths[i], &st) < 0) {
            complain(paths[i]);
            continue;
        }
        print_entry(&(struct entry){paths[i], st}, paths[i]);
        listed = true;
    }
    for (int i = 0; i < count; i++) {
        if (!is_folder(paths[i], &st))
            continue;
        if (listed)
            putchar('\n');
        list_folder(paths[i], count > 1 || recursive);
        listed = true;
    }
}

int main(int argc, char *argv[])
{
    static char *here[] = {"."};
    int option;

    while ((option = getopt(argc, argv, "1adlR")) != -1) {
        switch (option) {
        case '1':
            break;
        case 'a':
            all = true;
            break;
        case 'd':
            itself = true;
            break;
        case 'l':
            longer = true;
            break;
        case 'R':
            recursive = true;
            break;
        default:
            fprintf(stderr, "usage: ls [-1adlR] [path]...\n");
            return 2;
        }
    }
    if (optind == argc)
        list_paths(1, here);
    else
        list_paths(argc - optind, argv + optind);
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return status;
}
