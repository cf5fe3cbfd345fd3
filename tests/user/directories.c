// SPDX-License-Identifier: MIT
//
// Directories: mkdir, rmdir, getdents64, chdir, getcwd, rename.
#include "harness.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char *new_folder(const char *suffix)
{
    const char *path = temporary_name(suffix);
    CHECK_OK(mkdir(path, 0755));
    return path;
}

static void make_in(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    write_file(path, name);
}

static void remove_in(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    CHECK_OK(unlink(path));
}

TEST(make_and_remove)
{
    struct stat status;
    umask(0);
    const char *path = new_folder("d");
    CHECK_OK(stat(path, &status));
    CHECK(S_ISDIR(status.st_mode));
    CHECK_EQ(status.st_mode & 0777, 0755);
    CHECK_ERRNO(mkdir(path, 0755), EEXIST);
    CHECK_OK(rmdir(path));
    CHECK_ERRNO(rmdir(path), ENOENT);
    CHECK_ERRNO(stat(path, &status), ENOENT);
}

TEST(errors)
{
    const char *file = temporary_name("file"), *path = new_folder("full");
    write_file(file, "");
    make_in(path, "x");
    CHECK_ERRNO(rmdir(path), ENOTEMPTY);
    CHECK_ERRNO(rmdir(file), ENOTDIR);
    CHECK_ERRNO(mkdir("/no/such", 0755), ENOENT);
    CHECK_ERRNO(mkdir(file, 0755), EEXIST);
    CHECK_ERRNO(chdir(file), ENOTDIR);
    CHECK_ERRNO(chdir("/no/such"), ENOENT);
    char below[300];
    snprintf(below, sizeof(below), "%s/x", file);
    CHECK_ERRNO(mkdir(below, 0755), ENOTDIR);
    snprintf(below, sizeof(below), "%s/.", path);
    CHECK_ERRNO(rmdir(below), EINVAL);
    remove_in(path, "x");
    CHECK_OK(rmdir(path));
    CHECK_OK(unlink(file));
}

TEST(read_and_write_are_refused)
{
    char byte;
    int fd = CHECK_OK(open("/tmp", O_RDONLY));
    CHECK_ERRNO(read(fd, &byte, 1), EISDIR);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
}

// Entry types as a string: one letter for each name found.
TEST(listing)
{
    const char *path = new_folder("list");
    char name[300];
    int seen = 0;
    struct dirent *entry;
    make_in(path, "file");
    snprintf(name, sizeof(name), "%s/folder", path);
    CHECK_OK(mkdir(name, 0755));
    snprintf(name, sizeof(name), "%s/link", path);
    CHECK_OK(symlink("file", name));

    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        CHECK(entry->d_ino != 0);
        if (strcmp(entry->d_name, ".") == 0)
            seen |= 1;
        else if (strcmp(entry->d_name, "..") == 0)
            seen |= 2;
        else if (strcmp(entry->d_name, "file") == 0)
            seen |= entry->d_type == DT_REG ? 4 : 64;
        else if (strcmp(entry->d_name, "folder") == 0)
            seen |= entry->d_type == DT_DIR ? 8 : 64;
        else if (strcmp(entry->d_name, "link") == 0)
            seen |= entry->d_type == DT_LNK ? 16 : 64;
        else
            FAIL("an entry %s", entry->d_name);
    }
    CHECK_EQ(seen, 31);
    closedir(folder);
    remove_in(path, "file");
    remove_in(path, "link");
    snprintf(name, sizeof(name), "%s/folder", path);
    CHECK_OK(rmdir(name));
    CHECK_OK(rmdir(path));
}

TEST(long_listing)
{
    enum {
        FILES = 300
    };
    static bool seen[FILES];
    const char *path = new_folder("long");
    char name[32];
    int count = 0;
    struct dirent *entry;

    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "a-rather-long-name-%d", i);
        make_in(path, name);
    }
    DIR *folder = opendir(path);
    while ((entry = readdir(folder)) != NULL) {
        int number;
        if (sscanf(entry->d_name, "a-rather-long-name-%d", &number) != 1)
            continue;
        CHECK(!seen[number]);
        seen[number] = true;
        count++;
    }
    CHECK_EQ(count, FILES);
    rewinddir(folder);
    CHECK(readdir(folder) != NULL);
    closedir(folder);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "a-rather-long-name-%d", i);
        remove_in(path, name);
    }
    CHECK_OK(rmdir(path));
}

TEST(removing_while_reading)
{
    const char *path = new_folder("clear");
    char name[32];
    struct dirent *entry;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        make_in(path, name);
    }
    DIR *folder = opendir(path);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] == 'n')
            remove_in(path, entry->d_name);
    closedir(folder);
    CHECK_OK(rmdir(path));  // so none was skipped
}

TEST(getdents_errors)
{
    char buffer[64];
    int folder = CHECK_OK(open("/", O_RDONLY));
    int file = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(syscall(SYS_getdents64, folder, buffer, 8), EINVAL);
    CHECK_ERRNO(syscall(SYS_getdents64, file, buffer, 64), ENOTDIR);
    CHECK_ERRNO(syscall(SYS_getdents64, -1, buffer, 64), EBADF);
    CHECK_ERRNO(syscall(SYS_getdents64, folder, bad_pointer(), 64), EFAULT);
}

TEST(working_folder)
{
    char name[512];
    const char *path = new_folder("cwd");
    CHECK_OK(chdir(path));
    CHECK_STRING(getcwd(name, sizeof(name)), path);
    write_file("here", "relative");
    CHECK_OK(access("./here", F_OK));
    CHECK_OK(chdir(".."));
    CHECK_STRING(getcwd(name, sizeof(name)), "/tmp");
    int fd = CHECK_OK(open(path, O_RDONLY));
    CHECK_OK(fchdir(fd));
    CHECK_STRING(getcwd(name, sizeof(name)), path);
    CHECK_OK(unlink("here"));
    CHECK_OK(chdir("/"));
    CHECK_OK(chdir("../.."));
    CHECK_STRING(getcwd(name, sizeof(name)), "/");
    CHECK_ERRNO(fchdir(0), ENOTDIR);
    CHECK_OK(rmdir(path));
    CHECK_ERRNO(syscall(SYS_getcwd, name, 1), ERANGE);
}

TEST(removed_working_folder)
{
    char name[512];
    const char *path = new_folder("gone");
    CHECK_OK(chdir(path));
    CHECK_OK(rmdir(path));
    CHECK(getcwd(name, sizeof(name)) == NULL);
    CHECK_EQ(errno, ENOENT);
    CHECK_ERRNO(open("file", O_WRONLY | O_CREAT, 0600), ENOENT);
    CHECK_OK(chdir("/"));
}

TEST(link_counts)
{
    struct stat status;
    const char *path = new_folder("count");
    char below[300];
    CHECK_OK(stat(path, &status));
    CHECK_EQ(status.st_nlink, 2);
    snprintf(below, sizeof(below), "%s/x", path);
    CHECK_OK(mkdir(below, 0755));
    CHECK_OK(stat(path, &status));
    CHECK_EQ(status.st_nlink, 3);
    CHECK_OK(rmdir(below));
    CHECK_OK(stat(path, &status));
    CHECK_EQ(status.st_nlink, 2);
    CHECK_OK(rmdir(path));
}

TEST(renaming)
{
    const char *from = new_folder("from"), *full = new_folder("full");
    const char *to = temporary_name("to"), *file = temporary_name("file");
    char inside[300];
    make_in(from, "x");
    make_in(full, "y");
    write_file(file, "");
    CHECK_OK(rename(from, to));
    CHECK_ERRNO(access(from, F_OK), ENOENT);
    CHECK_ERRNO(rename(to, full), ENOTEMPTY);
    CHECK_ERRNO(rename(to, file), ENOTDIR);
    CHECK_ERRNO(rename(file, to), EISDIR);
    snprintf(inside, sizeof(inside), "%s/inside", to);
    CHECK_ERRNO(rename(to, inside), EINVAL);
    CHECK_OK(mkdir(from, 0755));
    CHECK_OK(rename(to, from));  // over an empty one
    remove_in(from, "x");
    remove_in(full, "y");
    CHECK_OK(rmdir(from));
    CHECK_OK(rmdir(full));
    CHECK_OK(unlink(file));
}

TEST(dot_dot_follows_a_rename)
{
    const char *one = new_folder("one"), *two = new_folder("two");
    char from[300], to[300], name[512];
    snprintf(from, sizeof(from), "%s/d", one);
    snprintf(to, sizeof(to), "%s/d", two);
    CHECK_OK(mkdir(from, 0755));
    CHECK_OK(chdir(from));
    CHECK_OK(rename(from, to));
    CHECK_OK(chdir(".."));
    CHECK_STRING(getcwd(name, sizeof(name)), two);
    CHECK_OK(rmdir(to));
    CHECK_OK(rmdir(one));
    CHECK_OK(rmdir(two));
}

TEST(deep)
{
    char name[8] = "d";
    CHECK_OK(chdir("/tmp"));
    for (int i = 0; i < 50; i++) {
        CHECK_OK(mkdir(name, 0755));
        CHECK_OK(chdir(name));
    }
    for (int i = 0; i < 50; i++) {
        CHECK_OK(chdir(".."));
        CHECK_OK(rmdir(name));
    }
}

TEST(proc_lists_processes)
{
    char path[64], me[16];
    bool found = false;
    struct dirent *entry;
    snprintf(me, sizeof(me), "%d", getpid());
    DIR *folder = opendir("/proc");
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL)
        found |= strcmp(entry->d_name, me) == 0;
    closedir(folder);
    CHECK(found);
    snprintf(path, sizeof(path), "/proc/%s/status", me);
    char *text = read_file(path), wanted[32];
    CHECK(strncmp(text, "Name:\t", 6) == 0);
    snprintf(wanted, sizeof(wanted), "\nPid:\t%s\n", me);
    CHECK(strstr(text, wanted) != NULL);
    snprintf(wanted, sizeof(wanted), "\nPPid:\t%d\n", getppid());
    CHECK(strstr(text, wanted) != NULL);
}

TEST(proc_of_a_process)
{
    char path[64], target[256];
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_STRING(read_file("/proc/self/cmdline"), program_path);
    CHECK(strstr(read_file("/proc/self/maps"), "[stack]") != NULL);
    CHECK(strstr(read_file("/proc/self/maps"), " r-xp ") != NULL);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = CHECK_OK(readlink(path, target, sizeof(target) - 1));
    target[length] = '\0';
    CHECK_STRING(target, "/dev/null");
    CHECK_OK(close(fd));
    CHECK_ERRNO(readlink(path, target, sizeof(target)), ENOENT);
    CHECK_ERRNO(open("/proc/99999/status", O_RDONLY), ENOENT);
}

TEST(proc_of_the_machine)
{
    long total, up;
    CHECK_EQ(sscanf(read_file("/proc/meminfo"), "MemTotal: %ld kB", &total), 1);
    CHECK(total > 16 << 10);
    CHECK_EQ(sscanf(read_file("/proc/uptime"), "%ld.", &up), 1);
    CHECK(strlen(read_file("/proc/version")) > 5);
    CHECK(strstr(read_file("/proc/interrupts"), "CPU0") != NULL);
}
