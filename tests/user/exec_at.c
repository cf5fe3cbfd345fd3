// SPDX-License-Identifier: MIT
//
// execveat(2): programs named by a descriptor.
#include "harness.h"

#include <sys/stat.h>
#include <sys/syscall.h>

// The status of a child that execs so; 100 + errno if it could not.
static int try_exec(int dirfd, const char *path, int flags)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        char *arguments[] = {"x", "--helper", "exit", "42", NULL};
        char *environment[] = {NULL};
        syscall(SYS_execveat, dirfd, path, arguments, environment, flags);
        _exit(100 + errno % 100);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(by_descriptor)
{
    int fd = CHECK_OK(open(program_path, O_RDONLY | O_CLOEXEC));
    CHECK_EQ(try_exec(fd, "", AT_EMPTY_PATH), 42);
    CHECK_EQ(try_exec(fd, "", 0), 100 + ENOENT);
    int path_only = CHECK_OK(open(program_path, O_PATH | O_CLOEXEC));
    CHECK_EQ(try_exec(path_only, "", AT_EMPTY_PATH), 42);
}

TEST(relative_to_a_folder)
{
    char folder[256];
    snprintf(folder, sizeof(folder), "%s", program_path);
    char *slash = strrchr(folder, '/');
    CHECK(slash != NULL);
    *slash = '\0';
    int fd = CHECK_OK(open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY));
    CHECK_EQ(try_exec(fd, slash + 1, 0), 42);
    CHECK_EQ(try_exec(fd, program_path, 0), 42);
    CHECK_EQ(try_exec(-1, program_path, 0), 42);
    CHECK_EQ(try_exec(-1, slash + 1, 0), 100 + EBADF);
    CHECK_EQ(try_exec(fd, "no such file", 0), 100 + ENOENT);
}

TEST(links_can_be_refused)
{
    const char *path = temporary_name("link");
    CHECK_OK(symlink(program_path, path));
    CHECK_EQ(try_exec(AT_FDCWD, path, 0), 42);
    CHECK_EQ(try_exec(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW), 100 + ELOOP);
    CHECK_EQ(try_exec(AT_FDCWD, program_path, AT_SYMLINK_NOFOLLOW), 42);
    CHECK_EQ(try_exec(AT_FDCWD, program_path, 1), 100 + EINVAL);
    unlink(path);
}

TEST(what_is_no_program)
{
    int folder = CHECK_OK(open("/", O_RDONLY));
    CHECK_EQ(try_exec(folder, "", AT_EMPTY_PATH), 100 + EACCES);
    int null = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(try_exec(null, "", AT_EMPTY_PATH), 100 + EACCES);
    CHECK_EQ(try_exec(99, "", AT_EMPTY_PATH), 100 + EBADF);
}

TEST(script_by_descriptor)
{
    const char *path = temporary_name("script");
    write_file(path, "#!/bin/sh\nexit 7\n");
    CHECK_OK(chmod(path, 0755));
    int fd = CHECK_OK(open(path, O_RDONLY));
    unlink(path);
    CHECK_EQ(try_exec(fd, "", AT_EMPTY_PATH), 7);
}
