// SPDX-License-Identifier: MIT
//
// df [path]...: room in file systems, in KiB, by statfs(2); without a path, in
// all that are mounted.

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/statvfs.h>

static bool print(const char *path)
{
    struct statvfs fs;
    unsigned long long unit;

    if (statvfs(path, &fs) < 0) {
        warn("%s", path);
        return false;
    }
    unit = fs.f_frsize;
    printf("%12llu %12llu %12llu %s\n", fs.f_blocks * unit / 1024,
           (fs.f_blocks - fs.f_bfree) * unit / 1024, fs.f_bavail * unit / 1024,
           path);
    return true;
}

static bool print_mounted(void)
{
    FILE *file = fopen("/proc/mounts", "r");
    bool good = true;
    char path[256];

    if (!file)
        err(1, "/proc/mounts");
    while (fscanf(file, "%*s %255s%*[^\n]", path) == 1)
        good &= print(path);
    fclose(file);
    return good;
}

int main(int argc, char *argv[])
{
    bool good = true;

    printf("%12s %12s %12s PATH\n", "SIZE", "USED", "AVAILABLE");
    if (argc == 1)
        return !print_mounted();
    for (int i = 1; i < argc; i++)
        good &= print(argv[i]);
    return !good;
}
