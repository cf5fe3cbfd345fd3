// SPDX-License-Identifier: MIT
//
// fork(2) and execve(2): what a child and a new program share, inherit, lose.
#include "harness.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

// Runs a child function with its standard output in a pipe; returns the text.
static char *output_of(void (*function)(void))
{
    static char text[8192];
    int ends[2];
    size_t length = 0;
    ssize_t count;

    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        function();
        _exit(0);
    }
    close(ends[1]);
    while ((count = CHECK_OK(
                read(ends[0], text + length, sizeof(text) - 1 - length))) > 0)
        length += count;
    text[length] = '\0';
    close(ends[0]);
    wait_child(child);
    return text;
}

TEST(child_has_its_own_id)
{
    pid_t me = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        CHECK(getpid() != me);
        CHECK_EQ(getppid(), me);
        _exit(0);
    }
    CHECK(child > me || child > 0);
    wait_child(child);
}

TEST(memory_is_copied)
{
    static int value = 1;
    int stack_value = 1;
    volatile int *heap = malloc(sizeof(int));
    *heap = 1;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(value + stack_value + *heap, 3);
        value = stack_value = *heap = 2;
        CHECK_EQ(value + stack_value + *heap, 6);
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(value + stack_value + *heap, 3);
}

TEST(offset_is_shared)
{
    const char *path = temporary_name("offset");
    char buffer[4];
    write_file(path, "abcdef");
    int fd = CHECK_OK(open(path, O_RDONLY));
    pid_t child = fork_child();
    if (child == 0) {
        read_all(fd, buffer, 2);
        _exit(0);
    }
    wait_child(child);
    read_all(fd, buffer, 1);
    CHECK_EQ(buffer[0], 'c');
    unlink(path);
}

TEST(descriptors_are_copied)
{
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(fd));
        _exit(0);
    }
    wait_child(child);
    CHECK(fcntl(fd, F_GETFD) != -1);
}

TEST(folder_and_umask_are_inherited_not_shared)
{
    char folder[256];
    umask(027);
    CHECK_OK(chdir("/tmp"));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_STRING(getcwd(folder, sizeof(folder)), "/tmp");
        CHECK_EQ(umask(0), 027);
        CHECK_OK(chdir("/"));
        _exit(0);
    }
    wait_child(child);
    CHECK_STRING(getcwd(folder, sizeof(folder)), "/tmp");
    CHECK_EQ(umask(0), 027);
}

TEST(many_children)
{
    pid_t children[50];
    for (int i = 0; i < 50; i++) {
        children[i] = fork_child();
        if (children[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < 50; i++)
        wait_child(children[i]);
}

TEST(deep_family)
{
    for (int depth = 0; depth < 20; depth++) {
        pid_t child = fork_child();
        if (child != 0) {
            wait_child(child);
            _exit(0);
        }
    }
    _exit(0);
}

TEST_SECONDS(again_and_again, 60)
{
    for (int i = 0; i < 300; i++) {
        pid_t child = fork_child();
        if (child == 0)
            _exit(0);
        wait_child(child);
    }
}

TEST(vfork_waits_for_exec_or_exit)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(0);
    CHECK(child > 0);
    wait_child(child);
}

static void show_arguments(void)
{
    exec_helper("arguments", "one", "", "three words here", NULL);
}

TEST(exec_passes_arguments)
{
    CHECK(strncmp(output_of(show_arguments),
                  "[arguments][one][][three words here]", 36) == 0);
}

static void show_environment(void)
{
    char *arguments[] = {"usertests", "--helper", "arguments", NULL};
    char *environment[] = {"A=1", "EMPTY=", NULL};
    execve(program_path, arguments, environment);
}

TEST(exec_passes_the_environment)
{
    CHECK_STRING(output_of(show_environment), "[arguments]{A=1}{EMPTY=}\n");
}

static int kept, dropped;

static void show_descriptors(void)
{
    exec_helper("descriptors", NULL);
}

TEST(exec_closes_what_is_cloexec)
{
    char text[16];
    kept = CHECK_OK(open("/dev/null", O_RDONLY));
    dropped = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    char *list = output_of(show_descriptors);
    snprintf(text, sizeof(text), " %d ", kept);
    CHECK(strstr(list, text) != NULL);
    snprintf(text, sizeof(text), " %d ", dropped);
    CHECK(strstr(list, text) == NULL);
}

static void show_signals(void)
{
    sigset_t set;
    catch_signal(SIGUSR1, 0);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    exec_helper("signals", NULL);
}

TEST(exec_resets_handlers)
{
    CHECK_STRING(output_of(show_signals), "default open ignored blocked \n");
}

static void show_process(void)
{
    printf("%d %d\n", getpid(), getppid());
    fflush(stdout);
    exec_helper("process", NULL);
}

TEST(exec_keeps_the_process)
{
    char *text = output_of(show_process), *second = strchr(text, '\n') + 1;
    CHECK_MEMORY(text, second, second - text);
}

TEST(exec_replaces_all_memory)
{
    // A program that maps much and executes again does not add up.
    pid_t child = fork_child();
    if (child == 0) {
        char *block = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(block != MAP_FAILED);
        memset(block, 1, 8 << 20);
        exec_helper("exit", "0", NULL);
    }
    wait_child(child);
}

TEST(exec_errors)
{
    char *none[] = {NULL}, *arguments[] = {"x", NULL};
    const char *plain = temporary_name("plain"), *text = temporary_name("text");
    char name[5000];

    CHECK_ERRNO(execve("/no/such/file", arguments, none), ENOENT);
    CHECK_ERRNO(execve("", arguments, none), ENOENT);
    CHECK_ERRNO(execve("/tmp", arguments, none), EACCES);
    write_file(plain, "x");
    CHECK_ERRNO(execve(plain, arguments, none), EACCES);
    CHECK_OK(chmod(plain, 0755));
    CHECK_ERRNO(execve(plain, arguments, none), ENOEXEC);
    snprintf(name, sizeof(name), "%s/more", plain);
    CHECK_ERRNO(execve(name, arguments, none), ENOTDIR);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    CHECK_ERRNO(execve(name, arguments, none), ENAMETOOLONG);
    write_file(text, "\177ELF but not really");
    CHECK_OK(chmod(text, 0755));
    CHECK_ERRNO(execve(text, arguments, none), ENOEXEC);
    unlink(plain);
    unlink(text);
}

TEST(truncated_program)
{
    // The headers promise more than the file has.
    char *arguments[] = {"x", NULL}, *none[] = {NULL}, buffer[600];
    const char *path = temporary_name("short");
    int in = CHECK_OK(open(program_path, O_RDONLY));
    int out = CHECK_OK(open(path, O_WRONLY | O_CREAT, 0755));
    int status;
    read_all(in, buffer, sizeof(buffer));
    write_all(out, buffer, sizeof(buffer));
    CHECK_OK(close(out));
    pid_t child = fork_child();
    if (child == 0) {
        execve(path, arguments, none);
        _exit(1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(status != 0);  // refused, or killed; either way only this process
    unlink(path);
}

TEST(arguments_too_long)
{
    static char *arguments[200];
    static char big[100000];
    char *none[] = {NULL};
    memset(big, 'a', sizeof(big) - 1);
    for (int i = 0; i < 199; i++)
        arguments[i] = big;
    CHECK_ERRNO(execve("/bin/sh", arguments, none), E2BIG);
}

TEST(running_program_is_busy)
{
    if (geteuid() != 0 || strncmp(program_path, "/", 1) != 0)
        skip("the program's path is not its own to write to");
    CHECK_ERRNO(open(program_path, O_WRONLY), ETXTBSY);
}

TEST(exec_in_a_child_leaves_the_parent)
{
    volatile int mine = 5;
    pid_t child = fork_child();
    if (child == 0)
        exec_helper("exit", "7", NULL);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 7);
    CHECK_EQ(mine, 5);
}

TEST(process_groups_and_sessions)
{
    pid_t group = getpgrp();
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(getpgrp(), group);
        CHECK_OK(setpgid(0, 0));
        CHECK_EQ(getpgrp(), getpid());
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            CHECK_EQ(setsid(), getpid());
            CHECK_EQ(getsid(0), getpid());
            CHECK_ERRNO(setsid(), EPERM);
            _exit(0);
        }
        wait_child(grandchild);
        CHECK_ERRNO(setpgid(0, 99999), EPERM);
        CHECK_ERRNO(setpgid(0, -1), EINVAL);
        CHECK_ERRNO(setpgid(99999, 0), ESRCH);
        CHECK_ERRNO(getpgid(99999), ESRCH);
        _exit(0);
    }
    wait_child(child);
}
