// SPDX-License-Identifier: MIT
//
// stat [-L] path...: what stat(2) tells; -L follows symbolic links.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static const char *type_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "folder";
    case S_IFLNK:
        return "symbolic link";
    case S_IFCHR:
        return "character device";
    case S_IFBLK:
        return "block device";
    case S_IFIFO:
        return "pipe";
    case S_IFSOCK:
        return "socket";
    default:
        return "unknown";
    }
}

static void print_time(const char *name, const struct timespec *ts)
{
    char text[64];

    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime(&ts->tv_sec));
    printf("%8s: %s.%09ld\n", name, text, ts->tv_nsec);
}

static void print(const char *path, const struct stat *st)
{
    printf("    File: %s\n", path);
    printf("    Type: %s\n", type_name(st->st_mode));
    printf("    Size: %lld, %lld blocks of 512, I/O by %ld\n",
           (long long)st->st_size, (long long)st->st_blocks,
           (long)st->st_blksize);
    printf("   Inode: %llu on device %u:%u, %lu links\n",
           (unsigned long long)st->st_ino, major(st->st_dev), minor(st->st_dev),
           (unsigned long)st->st_nlink);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        printf("  Device: %u:%u\n", major(st->st_rdev), minor(st->st_rdev));
    printf("    Mode: %04o, user %u, group %u\n", st->st_mode & 07777,
           st->st_uid, st->st_gid);
    print_time("Accessed", &st->st_atim);
    print_time("Modified", &st->st_mtim);
    print_time("Changed", &st->st_ctim);
}

int main(int argc, char *argv[])
{
    int flags = AT_SYMLINK_NOFOLLOW;
    int option, status = 0;

    while ((option = getopt(argc, argv, "L")) != -1) {
        if (option != 'L')
            return 2;
        flags = 0;
    }
    if (optind == argc)
        errx(2, "usage: stat [-L] path...");
    for (; optind < argc; optind++) {
        struct stat st;

        if (fstatat(AT_FDCWD, argv[optind], &st, flags) < 0) {
            warn("%s", argv[optind]);
            status = 1;
        } else {
            print(argv[optind], &st);
        }
    }
    return status;
}
