// SPDX-License-Identifier: MIT
//
// epoll(7): level and edge, once and exclusive, nesting, descriptors that go,
// the errors of epoll_ctl, and that what is not ready costs nothing.
#include "harness.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

static int control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {events, {.u64 = (uint64_t)fd << 32 | 7}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static void add(int epoll, int fd, uint32_t events)
{
    CHECK_OK(control(epoll, EPOLL_CTL_ADD, fd, events));
}

// The events of the one descriptor that is reported, 0 if there is none.
static uint32_t wait_one(int epoll, int fd, int timeout_ms)
{
    struct epoll_event events[4];
    int n = CHECK_OK(epoll_wait(epoll, events, 4, timeout_ms));
    if (n == 0)
        return 0;
    CHECK_EQ(n, 1);
    CHECK_EQ(events[0].data.u64, (uint64_t)fd << 32 | 7);
    return events[0].events;
}

static void pipe_in(int ends[2], int epoll, uint32_t events)
{
    CHECK_OK(pipe(ends));
    set_nonblocking(ends[0]);
    add(epoll, ends[0], events);
}

static int new_epoll(void)
{
    return CHECK_OK(epoll_create1(0));
}

TEST(level)
{
    int epoll = new_epoll(), ends[2];
    char byte;
    pipe_in(ends, epoll, EPOLLIN);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
    write_all(ends[1], "x", 1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
    read_all(ends[0], &byte, 1);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
}

TEST(edge)
{
    int epoll = new_epoll(), ends[2];
    write_all((pipe_in(ends, epoll, EPOLLIN | EPOLLET), ends[1]), "x", 1);
    CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
    write_all(ends[1], "y", 1);
    CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
}

TEST(ready_when_added)
{
    int epoll = new_epoll(), fd = CHECK_OK(eventfd(1, 0));
    add(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET);
    CHECK_EQ(wait_one(epoll, fd, 0), EPOLLIN | EPOLLOUT);
    CHECK_OK(control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET));
    CHECK_EQ(wait_one(epoll, fd, 0), EPOLLIN);
    CHECK_EQ(wait_one(epoll, fd, 0), 0);
}

TEST(once)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN | EPOLLONESHOT);
    write_all(ends[1], "x", 1);
    CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
    write_all(ends[1], "y", 1);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
    CHECK_OK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN | EPOLLHUP);
}

TEST(hang_up_is_always_told)
{
    int epoll = new_epoll(), ends[2], pair[2];
    pipe_in(ends, epoll, 0);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLHUP);
    CHECK_OK(close(ends[0]));
    tcp_pair(pair);
    add(epoll, pair[0], EPOLLRDHUP);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(wait_one(epoll, pair[0], -1), EPOLLRDHUP);
}

TEST(delete)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN);
    write_all(ends[1], "x", 1);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_DEL, ends[0], 0), ENOENT);
    add(epoll, ends[0], EPOLLIN);
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN);
}

TEST(a_closed_file_is_watched_no_more)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN);
    write_all(ends[1], "x", 1);
    int copy = CHECK_OK(dup(ends[0])), fd = ends[0];
    CHECK_OK(close(fd));
    // The file is open still, under another number.
    CHECK_EQ(wait_one(epoll, fd, 0), EPOLLIN);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_DEL, copy, 0), ENOENT);
    CHECK_OK(close(copy));
    CHECK_EQ(wait_one(epoll, fd, 0), 0);
    CHECK_OK(close(epoll));
}

TEST(one_file_under_two_numbers)
{
    int epoll = new_epoll(), ends[2];
    struct epoll_event events[4];
    pipe_in(ends, epoll, EPOLLIN);
    add(epoll, CHECK_OK(dup(ends[0])), EPOLLIN);
    write_all(ends[1], "x", 1);
    CHECK_EQ(epoll_wait(epoll, events, 4, 0), 2);
}

TEST(errors_of_control)
{
    int epoll = new_epoll(), ends[2];
    const char *path = temporary_name("file");
    CHECK_OK(pipe(ends));
    write_file(path, "");
    int file = CHECK_OK(open(path, O_RDWR)), root = CHECK_OK(open("/", 0));
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, root, EPOLLIN), EPERM);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, 999, EPOLLIN), EBADF);
    CHECK_ERRNO(control(999, EPOLL_CTL_ADD, ends[0], EPOLLIN), EBADF);
    CHECK_ERRNO(control(ends[1], EPOLL_CTL_ADD, ends[0], EPOLLIN), EINVAL);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
    CHECK_ERRNO(control(epoll, 9, ends[0], EPOLLIN), EINVAL);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN), ENOENT);
    CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], bad_pointer()),
                EFAULT);
    add(epoll, ends[0], EPOLLIN);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST);
    CHECK_OK(unlink(path));
}

TEST(errors_of_wait)
{
    int epoll = new_epoll(), ends[2];
    struct epoll_event event;
    struct timespec wrong = {0, 1000000000};
    CHECK_OK(pipe(ends));
    static const int counts[] = {0, -1, INT32_MAX};
    for (int i = 0; i < 3; i++)
        CHECK_ERRNO(
            syscall(SYS_epoll_pwait, epoll, &event, counts[i], 0, NULL, 8),
            EINVAL);
    CHECK_ERRNO(epoll_wait(ends[0], &event, 1, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(999, &event, 1, 0), EBADF);
    CHECK_ERRNO(epoll_create1(1), EINVAL);
    int closes = CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
    CHECK_EQ(fcntl(closes, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(syscall(SYS_epoll_pwait2, epoll, &event, 1, &wrong, NULL, 8),
                EINVAL);
}

TEST(a_bad_address_loses_nothing)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN | EPOLLET);
    write_all(ends[1], "x", 1);
    CHECK_ERRNO(epoll_wait(epoll, bad_pointer(), 1, -1), EFAULT);
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN);
    CHECK_OK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
    CHECK_ERRNO(epoll_wait(epoll, bad_pointer(), 1, -1), EFAULT);
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN);
}

TEST(exclusive)
{
    int epoll = new_epoll(), inner = new_epoll(), ends[2];
    const uint32_t events = EPOLLIN | EPOLLEXCLUSIVE;
    pipe_in(ends, epoll, events);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN), EINVAL);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, inner, events), EINVAL);
    CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, ends[1], events | EPOLLONESHOT),
                EINVAL);
    write_all(ends[1], "x", 1);
    CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
}

TEST(time_limits)
{
    int epoll = new_epoll();
    struct epoll_event event;
    struct timespec limit = {0, 60000000};
    long long start = now_ms();
    CHECK_EQ(epoll_wait(epoll, &event, 1, 60), 0);
    CHECK_BETWEEN(now_ms() - start, 59, 5000);
    start = now_ms();
    CHECK_EQ(syscall(SYS_epoll_pwait2, epoll, &event, 1, &limit, NULL, 8), 0);
    CHECK_BETWEEN(now_ms() - start, 59, 5000);
}

TEST(a_sleeper_is_woken)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(wait_one(epoll, ends[0], -1), EPOLLIN);
        _exit(0);
    }
    wait_asleep(child);
    write_all(ends[1], "x", 1);
    wait_child(child);
}

TEST(added_under_a_sleeper)
{
    int epoll = new_epoll(), fd = CHECK_OK(eventfd(1, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(wait_one(epoll, fd, -1), EPOLLIN);
        _exit(0);
    }
    wait_asleep(child);
    add(epoll, fd, EPOLLIN);
    wait_child(child);
}

TEST(signals)
{
    int epoll = new_epoll();
    struct epoll_event event;
    sigset_t block, none;
    sigemptyset(&none);
    block = none;
    sigaddset(&block, SIGUSR1);
    catch_signal(SIGUSR1, SA_RESTART);
    CHECK_OK(sigprocmask(SIG_BLOCK, &block, NULL));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(epoll_wait(epoll, &event, 1, 20), 0);
    CHECK_ERRNO(epoll_pwait(epoll, &event, 1, -1, &none), EINTR);
    CHECK_EQ(signals_caught, 1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(epoll_wait(epoll, &event, 1, 20), 0);
    CHECK_ERRNO(syscall(SYS_epoll_pwait, epoll, &event, 1, 0, &none, 4),
                EINVAL);
}

TEST(all_have_their_turn)
{
    int epoll = new_epoll(), seen[3] = {0}, fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = CHECK_OK(eventfd(1, 0));
        add(epoll, fds[i], EPOLLIN);
    }
    for (int i = 0; i < 9; i++) {
        struct epoll_event event;
        CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 1);
        seen[(int)(event.data.u64 >> 32) - fds[0]]++;
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQ(seen[i], 3);
}

TEST(poll_of_the_epoll_file)
{
    int epoll = new_epoll(), ends[2];
    char byte;
    pipe_in(ends, epoll, EPOLLIN);
    CHECK_EQ(poll_events(epoll, POLLIN, 0), 0);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(epoll, POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    write_all(ends[1], "x", 1);
    wait_child(child);
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN);
    read_all(ends[0], &byte, 1);
    CHECK_EQ(poll_events(epoll, POLLIN, 0), 0);
}

TEST(nested)
{
    int outer = new_epoll(), inner = new_epoll(), ends[2];
    char byte;
    add(outer, inner, EPOLLIN);
    pipe_in(ends, inner, EPOLLIN);
    CHECK_EQ(wait_one(outer, inner, 0), 0);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(wait_one(outer, inner, -1), EPOLLIN);
        _exit(0);
    }
    wait_asleep(child);
    write_all(ends[1], "x", 1);
    wait_child(child);
    CHECK_EQ(wait_one(inner, ends[0], 0), EPOLLIN);
    CHECK_EQ(wait_one(outer, inner, 0), EPOLLIN);
    read_all(ends[0], &byte, 1);
    CHECK_EQ(wait_one(outer, inner, 0), 0);
    CHECK_OK(close(inner));
    write_all(ends[1], "x", 1);
    CHECK_EQ(wait_one(outer, inner, 0), 0);
}

TEST(circles_and_long_chains)
{
    int chain[7];
    for (int i = 0; i < 7; i++)
        chain[i] = new_epoll();
    int links = 0;
    while (links < 6 &&
           control(chain[links + 1], EPOLL_CTL_ADD, chain[links], EPOLLIN) == 0)
        links++;
    // Linux has counted in more than one way.
    CHECK_BETWEEN(links, 4, 5);
    CHECK_EQ(errno, ELOOP);
    for (int i = 1; i < 5; i++)
        CHECK_ERRNO(control(chain[0], EPOLL_CTL_ADD, chain[i], EPOLLIN), ELOOP);
    // What went through the chain wakes its end.
    int fd = CHECK_OK(eventfd(1, 0));
    add(chain[0], fd, EPOLLIN);
    CHECK_EQ(wait_one(chain[4], chain[3], 0), EPOLLIN);
}

// Room for that many descriptors.
static void allow_descriptors(rlim_t count)
{
    struct rlimit limit = {count, count};

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        skip("RLIMIT_NOFILE");
}

// Nanoseconds of processor time of this thread.
static double spent_ns(void)
{
    struct timespec time;
    CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time));
    return time.tv_sec * 1e9 + time.tv_nsec;
}

// Of one wait with one ready of so many.
static double cost_of_wait(int count)
{
    int epoll = new_epoll(), *fds = malloc(count * sizeof(int));
    for (int i = 0; i < count; i++)
        add(epoll, fds[i] = CHECK_OK(eventfd(i == 0, 0)), EPOLLIN);
    CHECK_EQ(wait_one(epoll, fds[0], 0), EPOLLIN);
    double before = spent_ns();
    for (int i = 0; i < 2000; i++)
        CHECK_EQ(wait_one(epoll, fds[0], 0), EPOLLIN);
    double after = spent_ns();
    CHECK_OK(close(epoll));
    for (int i = 0; i < count; i++)
        CHECK_OK(close(fds[i]));
    free(fds);
    return (after - before) / 2000;
}

TEST_SECONDS(ten_thousand_cost_as_ten, 60)
{
    allow_descriptors(11000);
    double few = cost_of_wait(10), many = cost_of_wait(10000);
    if (many > 4 * few)
        FAIL("%.0f ns of 10, %.0f ns of 10000", few, many);
}

// Of watching one file under another number, and of watching it no more.
static double cost_of_control(int count)
{
    int epoll = new_epoll(), fd = CHECK_OK(eventfd(0, 0));
    int *copies = malloc(count * sizeof(int));
    for (int i = 0; i < count; i++)
        copies[i] = CHECK_OK(dup(fd));
    double before = spent_ns();
    for (int i = 0; i < count; i++)
        add(epoll, copies[i], EPOLLIN);
    for (int i = 0; i < count; i++)
        CHECK_OK(control(epoll, EPOLL_CTL_MOD, copies[i], EPOLLOUT | EPOLLET));
    for (int i = 0; i < count; i++)
        CHECK_OK(control(epoll, EPOLL_CTL_DEL, copies[i], 0));
    double after = spent_ns();
    for (int i = 0; i < count; i++)
        CHECK_OK(close(copies[i]));
    CHECK_OK(close(fd));
    CHECK_OK(close(epoll));
    free(copies);
    return (after - before) / count;
}

TEST_SECONDS(control_costs_the_same_whatever_is_watched, 60)
{
    allow_descriptors(11000);
    double few = cost_of_control(500), many = cost_of_control(10000);
    if (many > 4 * few)
        FAIL("%.0f ns of 500, %.0f ns of 10000", few, many);
}

TEST(a_number_taken_again)
{
    int epoll = new_epoll(), one = CHECK_OK(eventfd(1, 0));
    int other = CHECK_OK(eventfd(1, 0)), copy = CHECK_OK(dup(one));
    struct epoll_event events[4];
    add(epoll, one, EPOLLIN);
    CHECK_OK(dup2(other, one));
    // The first file is watched still, under a number that is another's now.
    add(epoll, one, EPOLLIN | EPOLLOUT);
    CHECK_EQ(epoll_wait(epoll, events, 4, 0), 2);
    CHECK_OK(control(epoll, EPOLL_CTL_DEL, one, 0));
    CHECK_EQ(wait_one(epoll, one, 0), EPOLLIN);
    add(epoll, one, EPOLLIN | EPOLLOUT);
    CHECK_OK(close(copy));
    CHECK_EQ(wait_one(epoll, one, 0), EPOLLIN | EPOLLOUT);
}

TEST(shared_with_a_child)
{
    int epoll = new_epoll(), ends[2];
    pipe_in(ends, epoll, EPOLLIN);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET));
        CHECK_OK(close(ends[0]));
        _exit(0);
    }
    wait_child(child);
    // The child's changes are everybody's; its end is not the file's.
    write_all(ends[1], "x", 1);
    CHECK_EQ(wait_one(epoll, ends[0], 0), EPOLLIN);
    CHECK_EQ(wait_one(epoll, ends[0], 0), 0);
}
