// SPDX-License-Identifier: MIT
//
// eventfd2(2): the counter, its limits, and waiting for it.
#include "harness.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>

#define FULL (UINT64_MAX - 1)

static uint64_t take(int fd)
{
    uint64_t value;
    CHECK_EQ(read(fd, &value, sizeof(value)), 8);
    return value;
}

static void add(int fd, uint64_t value)
{
    CHECK_EQ(write(fd, &value, sizeof(value)), 8);
}

TEST(writes_add_and_a_read_takes_all)
{
    int fd = CHECK_OK(eventfd(3, 0));
    add(fd, 4);
    add(fd, 0);
    CHECK_EQ(take(fd), 7);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLOUT);
}

TEST(semaphore_gives_one_at_a_time)
{
    int fd = CHECK_OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    uint64_t value;
    CHECK_EQ(take(fd), 1);
    CHECK_EQ(take(fd), 1);
    CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
}

TEST(flags)
{
    int fd = CHECK_OK(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_EQ(fcntl(CHECK_OK(eventfd(0, 0)), F_GETFD), 0);
    CHECK_ERRNO(eventfd(0, 2), EINVAL);
}

TEST(the_start_value_has_32_bits)
{
    int fd = CHECK_OK(syscall(SYS_eventfd2, 0x5fffffffful, 0));
    CHECK_EQ(take(fd), 0xffffffff);
}

TEST(short_buffers)
{
    int fd = CHECK_OK(eventfd(1, EFD_NONBLOCK));
    char bytes[16] = {1};
    CHECK_ERRNO(read(fd, bytes, 7), EINVAL);
    CHECK_ERRNO(write(fd, bytes, 7), EINVAL);
    CHECK_EQ(read(fd, bytes, 16), 8);
    CHECK_ERRNO(write(fd, bad_pointer(), 8), EFAULT);
}

TEST(full)
{
    int fd = CHECK_OK(eventfd(0, EFD_NONBLOCK));
    uint64_t one = 1, most = UINT64_MAX;
    CHECK_ERRNO(write(fd, &most, 8), EINVAL);
    add(fd, FULL);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLIN);
    CHECK_ERRNO(write(fd, &one, 8), EAGAIN);
    CHECK(take(fd) == FULL);
    add(fd, 1);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
}

TEST(a_reader_sleeps_until_there_is_something)
{
    int fd = CHECK_OK(eventfd(0, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(take(fd), 5);
        _exit(0);
    }
    wait_asleep(child);
    add(fd, 5);
    wait_child(child);
}

TEST(a_writer_sleeps_until_there_is_room)
{
    int fd = CHECK_OK(eventfd(0, 0));
    add(fd, FULL);
    pid_t child = fork_child();
    if (child == 0) {
        add(fd, 9);
        _exit(0);
    }
    wait_asleep(child);
    CHECK(take(fd) == FULL);
    wait_child(child);
    CHECK_EQ(take(fd), 9);
}

TEST(a_signal_interrupts)
{
    int fd = CHECK_OK(eventfd(0, 0));
    uint64_t value;
    interrupt_every_ms(20);
    CHECK_ERRNO(read(fd, &value, 8), EINTR);
}

TEST(poll_wakes)
{
    int fd = CHECK_OK(eventfd(0, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(fd, POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    add(fd, 1);
    wait_child(child);
}
