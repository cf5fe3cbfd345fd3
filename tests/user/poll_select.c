// SPDX-License-Identifier: MIT
//
// ppoll(2) and pselect6(2) themselves: time limits, masks, odd arguments.
#include "harness.h"

#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

TEST(nothing_is_a_sleep)
{
    long long start = now_ms();
    CHECK_EQ(poll(NULL, 0, 60), 0);
    CHECK_BETWEEN(now_ms() - start, 59, 5000);
    struct timeval time = {0, 60000};
    start = now_ms();
    CHECK_EQ(select(0, NULL, NULL, NULL, &time), 0);
    CHECK_BETWEEN(now_ms() - start, 59, 5000);
}

TEST(zero_does_not_wait)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    long long start = now_ms();
    for (int i = 0; i < 100; i++)
        CHECK_EQ(poll_events(ends[0], POLLIN, 0), 0);
    CHECK_BETWEEN(now_ms() - start, 0, 2000);
}

TEST(time_limit)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    long long start = now_ms();
    CHECK_EQ(poll_events(ends[0], POLLIN, 100), 0);
    CHECK_BETWEEN(now_ms() - start, 99, 5000);
}

TEST(negative_descriptor_is_skipped)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    struct pollfd entries[] = {{-1, POLLIN, 0x7f}, {ends[1], POLLOUT, 0}};
    CHECK_EQ(poll(entries, 2, -1), 1);
    CHECK_EQ(entries[0].revents, 0);
    CHECK_EQ(entries[1].revents, POLLOUT);
}

TEST(closed_descriptor_is_nval)
{
    struct pollfd entry = {999, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, -1), 1);
    CHECK_EQ(entry.revents, POLLNVAL);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(30, &set);
    CHECK_ERRNO(select(31, &set, NULL, NULL, NULL), EBADF);
}

TEST(regular_file_is_always_ready)
{
    const char *path = temporary_name("ready");
    write_file(path, "");
    int fd = CHECK_OK(open(path, O_RDWR));
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, -1), POLLIN | POLLOUT);
    CHECK_OK(unlink(path));
}

TEST(same_descriptor_twice)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    write_all(ends[1], "x", 1);
    struct pollfd entries[] = {{ends[0], POLLIN, 0}, {ends[0], POLLIN, 0}};
    CHECK_EQ(poll(entries, 2, -1), 2);
}

TEST(woken_by_any)
{
    int ends[3][2];
    struct pollfd entries[3];
    for (int i = 0; i < 3; i++) {
        CHECK_OK(pipe(ends[i]));
        entries[i] = (struct pollfd){ends[i][0], POLLIN, 0};
    }
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll(entries, 3, -1), 1);
        CHECK_EQ(entries[0].revents, 0);
        CHECK_EQ(entries[1].revents, 0);
        CHECK_EQ(entries[2].revents, POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    write_all(ends[2][1], "x", 1);
    wait_child(child);
}

TEST(event_that_nobody_asked_for)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        close(ends[1]);
        CHECK_EQ(poll_events(ends[0], 0, -1), POLLHUP);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(close(ends[1]));
    wait_child(child);
}

TEST(too_many)
{
    struct rlimit limit;
    static struct pollfd entries[64];
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 32;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERRNO(poll(entries, 64, 0), EINVAL);
}

TEST(bad_time)
{
    struct timespec wrong = {0, 1000000000}, negative = {-1, 0};
    CHECK_ERRNO(ppoll(NULL, 0, &wrong, NULL), EINVAL);
    CHECK_ERRNO(ppoll(NULL, 0, &negative, NULL), EINVAL);
    CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &negative, NULL), EINVAL);
    CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

TEST(remaining_time_is_written_back)
{
    int ends[2];
    struct timespec left = {10, 0};
    CHECK_OK(pipe(ends));
    write_all(ends[1], "x", 1);
    struct pollfd entry = {ends[0], POLLIN, 0};
    CHECK_EQ(syscall(SYS_ppoll, &entry, 1, &left, NULL, 8), 1);
    CHECK_BETWEEN(left.tv_sec, 5, 9);
}

TEST(mask_is_for_the_wait_alone)
{
    sigset_t block, empty, now;
    struct timespec limit = {5, 0};
    catch_signal(SIGUSR1, SA_RESTART);
    sigemptyset(&block);
    sigemptyset(&empty);
    sigaddset(&block, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &block, NULL));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(poll(NULL, 0, 20), 0);
    CHECK_EQ(signals_caught, 0);
    CHECK_ERRNO(ppoll(NULL, 0, &limit, &empty), EINTR);
    CHECK_EQ(signals_caught, 1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &limit, &empty), EINTR);
    CHECK_EQ(signals_caught, 2);
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK_EQ(sigismember(&now, SIGUSR1), 1);
}

TEST(ready_beats_the_signal)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    write_all(ends[1], "x", 1);
    struct pollfd entry = {ends[0], POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, -1), 1);
}

TEST(select_three_sets)
{
    int ends[2];
    fd_set in, out, except;
    CHECK_OK(pipe(ends));
    write_all(ends[1], "x", 1);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    FD_SET(ends[0], &except);
    CHECK_EQ(select(ends[1] + 1, &in, &out, &except, NULL), 2);
    CHECK(FD_ISSET(ends[0], &in));
    CHECK(FD_ISSET(ends[1], &out));
    CHECK(!FD_ISSET(ends[0], &except));
}

TEST(select_looks_below_its_first_argument)
{
    int ends[2];
    fd_set in;
    struct timeval soon = {0, 10000};
    CHECK_OK(pipe(ends));
    write_all(ends[1], "x", 1);
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    CHECK_EQ(select(ends[0], &in, NULL, NULL, &soon), 0);
}

TEST(select_high_descriptor)
{
    int ends[2];
    fd_set in;
    CHECK_OK(pipe(ends));
    int high = CHECK_OK(fcntl(ends[0], F_DUPFD, 200));
    write_all(ends[1], "x", 1);
    FD_ZERO(&in);
    FD_SET(high, &in);
    CHECK_EQ(select(high + 1, &in, NULL, NULL, NULL), 1);
    CHECK(FD_ISSET(high, &in));
}

// What is at its end answers those who read, and nobody else.
TEST(select_writers_do_not_wait_for_the_end)
{
    int ends[2];
    struct timeval soon = {0, 20000}, later = {20, 0};
    fd_set in, out, except;
    CHECK_OK(pipe(ends));
    CHECK_OK(close(ends[1]));
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(ends[0], &out);
    FD_SET(ends[0], &except);
    long long start = now_ms();
    CHECK_EQ(select(ends[0] + 1, NULL, &out, &except, &soon), 0);
    CHECK_BETWEEN(now_ms() - start, 15, 10000);
    CHECK(!FD_ISSET(ends[0], &out) && !FD_ISSET(ends[0], &except));
    FD_SET(ends[0], &in);
    FD_SET(ends[0], &out);
    CHECK_EQ(select(ends[0] + 1, &in, &out, NULL, &later), 1);
    CHECK(FD_ISSET(ends[0], &in) && !FD_ISSET(ends[0], &out));
}

TEST(select_an_error_is_no_exception)
{
    int ends[2];
    struct timeval soon = {0, 20000};
    fd_set except;
    CHECK_OK(pipe(ends));
    CHECK_OK(close(ends[0]));
    CHECK_EQ(poll_events(ends[1], 0, 0), POLLERR);
    FD_ZERO(&except);
    FD_SET(ends[1], &except);
    long long start = now_ms();
    CHECK_EQ(select(ends[1] + 1, NULL, NULL, &except, &soon), 0);
    CHECK_BETWEEN(now_ms() - start, 15, 10000);
}

// Whoever opens a FIFO after its last writer has gone waits for the next one.
TEST(fifo_hangs_up_once_there_was_a_writer)
{
    const char *path = temporary_name("fifo");
    CHECK_OK(mkfifo(path, 0600));
    int first = CHECK_OK(open(path, O_RDONLY | O_NONBLOCK));
    CHECK_EQ(poll_events(first, POLLIN, 0), 0);
    int writer = CHECK_OK(open(path, O_WRONLY));
    CHECK_OK(close(writer));
    CHECK_EQ(poll_events(first, POLLIN, 0), POLLHUP);
    int second = CHECK_OK(open(path, O_RDONLY | O_NONBLOCK));
    CHECK_EQ(poll_events(second, POLLIN, 0), 0);
    CHECK_EQ(poll_events(first, POLLIN, 0), POLLHUP);
    writer = CHECK_OK(open(path, O_WRONLY));
    CHECK_EQ(poll_events(first, POLLIN, 0), 0);
    CHECK_OK(close(writer));
    CHECK_EQ(poll_events(second, POLLIN, 0), POLLHUP);
    CHECK_OK(unlink(path));
}
