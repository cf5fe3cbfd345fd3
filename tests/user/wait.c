// SPDX-License-Identifier: MIT
//
// wait4(2) and waitid(2): statuses, choices, zombies and orphans.
#include "harness.h"

#include <sys/resource.h>

static pid_t child_exiting(int status)
{
    pid_t child = fork_child();
    if (child == 0)
        _exit(status);
    return child;
}

static pid_t child_waiting(void)
{
    pid_t child = fork_child();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

TEST(exit_status)
{
    int status;
    pid_t child = child_exiting(42);
    CHECK_EQ(wait(&status), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 42);
    CHECK_EQ(status, 42 << 8);
}

TEST(exit_status_is_a_byte)
{
    int status;
    child_exiting(0x1ff);
    CHECK_OK(wait(&status));
    CHECK_EQ(WEXITSTATUS(status), 0xff);
}

TEST(killed)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGUSR1, SIGALRM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        int status;
        pid_t child = child_waiting();
        CHECK_OK(kill(child, signals[i]));
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), signals[i]);
    }
}

TEST(aborted)
{
    int status;
    pid_t child = fork_child();
    if (child == 0)
        abort();
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGABRT);
}

TEST(no_children)
{
    CHECK_ERRNO(wait(NULL), ECHILD);
    CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
    CHECK_ERRNO(waitpid(getppid(), NULL, 0), ECHILD);
    CHECK_ERRNO(waitpid(99999, NULL, 0), ECHILD);
}

TEST(reaped_once)
{
    pid_t child = child_exiting(0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_ERRNO(waitpid(child, NULL, 0), ECHILD);
}

TEST(bad_options)
{
    child_exiting(0);
    CHECK_ERRNO(waitpid(-1, NULL, 0x1000), EINVAL);
    CHECK_OK(wait(NULL));
}

TEST(no_hang)
{
    pid_t child = child_waiting();
    CHECK_EQ(waitpid(child, NULL, WNOHANG), 0);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

TEST(blocks_until_exit)
{
    int ends[2], status;
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            char byte;
            close(ends[1]);
            CHECK_EQ(read(ends[0], &byte, 1), 0);
            _exit(3);
        }
        close(ends[1]);
        CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
        CHECK_EQ(WEXITSTATUS(status), 3);
        _exit(0);
    }
    wait_asleep(child);
    close(ends[1]);
    wait_child(child);
}

TEST(any_of_several)
{
    int seen = 0;
    for (int i = 0; i < 4; i++)
        child_exiting(i);
    for (int i = 0; i < 4; i++) {
        int status;
        CHECK_OK(waitpid(-1, &status, 0));
        seen |= 1 << WEXITSTATUS(status);
    }
    CHECK_EQ(seen, 15);
    CHECK_ERRNO(wait(NULL), ECHILD);
}

TEST(by_group)
{
    pid_t child = child_waiting();
    CHECK_OK(setpgid(child, child));
    pid_t other = child_exiting(0);
    CHECK_EQ(waitpid(0, NULL, 0), other);
    CHECK_ERRNO(waitpid(0, NULL, 0), ECHILD);
    CHECK_OK(kill(-child, SIGKILL));
    CHECK_EQ(waitpid(-child, NULL, 0), child);
}

TEST(is_interrupted)
{
    pid_t child = child_waiting();
    interrupt_every_ms(50);
    CHECK_ERRNO(waitpid(child, NULL, 0), EINTR);
    CHECK_OK(kill(child, SIGKILL));
}

TEST(zombie_is_there_until_reaped)
{
    siginfo_t info = {0};
    pid_t child = child_exiting(9);
    CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_status, 9);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_OK(kill(child, 0));  // still has its number
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_ERRNO(kill(child, 0), ESRCH);
}

TEST(waitid_killed)
{
    siginfo_t info = {0};
    pid_t child = child_waiting();
    CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOHANG));
    CHECK_EQ(info.si_pid, 0);
    CHECK_OK(kill(child, SIGTERM));
    CHECK_OK(waitid(P_ALL, 0, &info, WEXITED));
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGTERM);
}

TEST(sigchld_comes)
{
    catch_signal(SIGCHLD, SA_RESTART);
    pid_t child = child_exiting(0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_EQ(signals_caught, 1);
}

TEST(ignored_sigchld_leaves_no_zombies)
{
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 5; i++)
        child_exiting(0);
    CHECK_ERRNO(wait(NULL), ECHILD);  // after all have ended
}

TEST(orphans_get_another_parent)
{
    int ends[2];
    pid_t parent;
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        pid_t me = getpid();
        if (fork_child() == 0) {
            while (getppid() == me)
                pause_ms(5);
            parent = getppid();
            write_all(ends[1], &parent, sizeof(parent));
            _exit(0);
        }
        _exit(0);
    }
    wait_child(child);
    read_all(ends[0], &parent, sizeof(parent));
    CHECK(parent != child && parent > 0);
}

TEST(resource_usage)
{
    struct rusage usage;
    pid_t child = fork_child();
    if (child == 0) {
        while (cpu_ms() < 100)
            ;
        _exit(0);
    }
    CHECK_EQ(wait4(child, NULL, 0, &usage), child);
    long used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    CHECK_BETWEEN(used, 80, 5000);
}

TEST(stopped_and_continued)
{
    int status;
    pid_t child = child_waiting();
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGSTOP);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status));
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, &status, 0), child);
}
