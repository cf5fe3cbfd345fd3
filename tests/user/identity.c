// SPDX-License-Identifier: MIT
//
// User and group numbers: who may become whom. Raw system calls, since a C
// library makes all threads follow.
#include "harness.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void need_root(void)
{
    if (getuid() != 0)
        skip("needs root");
}

static void check_users(uid_t real, uid_t effective, uid_t saved)
{
    uid_t r, e, s;
    CHECK_OK(getresuid(&r, &e, &s));
    CHECK_EQ(r, real);
    CHECK_EQ(e, effective);
    CHECK_EQ(s, saved);
    CHECK_EQ(getuid(), real);
    CHECK_EQ(geteuid(), effective);
}

static void check_groups(gid_t real, gid_t effective, gid_t saved)
{
    gid_t r, e, s;
    CHECK_OK(getresgid(&r, &e, &s));
    CHECK_EQ(r, real);
    CHECK_EQ(e, effective);
    CHECK_EQ(s, saved);
    CHECK_EQ(getgid(), real);
    CHECK_EQ(getegid(), effective);
}

TEST(root_gives_itself_up_for_good)
{
    need_root();
    CHECK_OK(syscall(SYS_setuid, 1000));
    check_users(1000, 1000, 1000);
    CHECK_ERRNO(syscall(SYS_setuid, 0), EPERM);
    CHECK_OK(syscall(SYS_setuid, 1000));
    CHECK_ERRNO(syscall(SYS_setgid, 1000), EPERM);
    CHECK_ERRNO(setgroups(0, NULL), EPERM);
}

TEST(saved_number_is_a_way_back)
{
    need_root();
    CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 0));
    check_users(1000, 1000, 0);
    CHECK_OK(syscall(SYS_setuid, 0));
    check_users(1000, 0, 0);
    CHECK_OK(syscall(SYS_setresuid, -1, 1000, 2000));
    check_users(1000, 1000, 2000);
    CHECK_ERRNO(syscall(SYS_setresuid, -1, 3000, -1), EPERM);
    CHECK_OK(syscall(SYS_setresuid, -1, 2000, -1));
    check_users(1000, 2000, 2000);
}

TEST(real_and_effective)
{
    need_root();
    CHECK_OK(syscall(SYS_setreuid, 1000, 2000));
    check_users(1000, 2000, 2000);
    CHECK_OK(syscall(SYS_setreuid, 2000, 1000));
    check_users(2000, 1000, 1000);
    CHECK_OK(syscall(SYS_setreuid, -1, 2000));
    check_users(2000, 2000, 1000);
    CHECK_ERRNO(syscall(SYS_setreuid, 0, -1), EPERM);
}

TEST(groups_follow_the_same_rules)
{
    need_root();
    CHECK_OK(syscall(SYS_setregid, 10, 20));
    check_groups(10, 20, 20);
    CHECK_OK(syscall(SYS_setresgid, 1, 2, 3));
    check_groups(1, 2, 3);
    CHECK_OK(syscall(SYS_setuid, 1000));
    CHECK_OK(syscall(SYS_setgid, 3));
    check_groups(1, 3, 3);
    CHECK_ERRNO(syscall(SYS_setgid, 2), EPERM);
}

TEST(bad_numbers)
{
    CHECK_ERRNO(syscall(SYS_setuid, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_setgid, -1), EINVAL);
    CHECK_ERRNO(
        syscall(SYS_getresuid, bad_pointer(), bad_pointer(), bad_pointer()),
        EFAULT);
}

TEST(file_system_user)
{
    need_root();
    CHECK_EQ(setfsuid(1000), 0);
    CHECK_EQ(setfsuid(-1), 1000);
    CHECK_EQ(setfsuid(0), 1000);
    CHECK_EQ(setfsgid(1000), getegid());
    CHECK_EQ(setfsgid(-1), 1000);
}

TEST(supplementary_groups)
{
    need_root();
    gid_t groups[3] = {7, 8, 9}, got[3] = {0};
    CHECK_OK(setgroups(3, groups));
    CHECK_EQ(getgroups(0, NULL), 3);
    CHECK_EQ(getgroups(3, got), 3);
    CHECK_MEMORY(got, groups, sizeof(got));
    CHECK_ERRNO(getgroups(2, got), EINVAL);
    CHECK_ERRNO(syscall(SYS_getgroups, -1, got), EINVAL);
    CHECK_ERRNO(syscall(SYS_getgroups, 3, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_setgroups, 3, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_setgroups, 65537, groups), EINVAL);
    CHECK_OK(setgroups(0, NULL));
    CHECK_EQ(getgroups(0, NULL), 0);
}

TEST(files_are_closed_to_strangers)
{
    need_root();
    const char *path = temporary_name("secret");
    write_file(path, "x");
    CHECK_OK(chmod(path, 0640));
    CHECK_OK(chown(path, 1, 50));
    gid_t group = 50;
    CHECK_OK(setgroups(1, &group));
    CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 0));
    CHECK_OK(open(path, O_RDONLY));
    CHECK_ERRNO(open(path, O_WRONLY), EACCES);
    CHECK_OK(syscall(SYS_setuid, 0));
    CHECK_OK(setgroups(0, NULL));
    CHECK_OK(syscall(SYS_setuid, 1000));
    CHECK_ERRNO(open(path, O_RDONLY), EACCES);
}

TEST(signals_to_strangers)
{
    need_root();
    pid_t child = fork_child();
    if (child == 0)
        for (;;)
            pause();
    CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 0));
    CHECK_ERRNO(kill(child, SIGTERM), EPERM);
    CHECK_ERRNO(kill(child, 0), EPERM);
    CHECK_OK(syscall(SYS_setuid, 0));
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

static void copy_program(const char *path)
{
    char part[4096];
    ssize_t n;
    int from = CHECK_OK(open(program_path, O_RDONLY));
    int to = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    while ((n = CHECK_OK(read(from, part, sizeof(part)))) > 0)
        write_all(to, part, n);
    close(from);
    close(to);
}

// Runs a copy of this program that is to become user 1234, as user 1000;
// checks what it finds.
static void run_set_user_id(const char *wanted)
{
    int status, ends[2];
    char text[256] = "";
    const char *path = temporary_name("setuid");
    copy_program(path);
    CHECK_OK(chown(path, 1234, 0));
    CHECK_OK(chmod(path, 04755));
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        dup2(ends[1], 1);
        syscall(SYS_setuid, 1000);
        execl(path, path, "--helper", "auxiliary-vector", NULL);
        _exit(99);
    }
    close(ends[1]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    unlink(path);
    CHECK_EQ(status, 0);
    CHECK_OK(read(ends[0], text, sizeof(text) - 1));
    CHECK(strncmp(text, wanted, strlen(wanted)) == 0);
}

TEST(set_user_id_program)
{
    need_root();
    // AT_UID is who called, AT_SECURE says that they differ.
    run_set_user_id("4096 1 1 1000 1 ");
}

TEST(no_new_privileges)
{
    need_root();
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    run_set_user_id("4096 1 1 1000 0 ");
}

TEST(dumpable)
{
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 3, 0, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
        _exit(0);
    }
    wait_child(child);
}
