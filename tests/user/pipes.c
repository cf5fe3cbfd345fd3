// SPDX-License-Identifier: MIT
//
// pipe2(2): order, limits, ends, blocking and signals.
#include "harness.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef PIPE_BUF
#define PIPE_BUF 4096
#endif

static size_t fill(int fd)
{
    static char block[4096];
    size_t total = 0;
    ssize_t count;
    set_nonblocking(fd);
    while ((count = write(fd, block, sizeof(block))) > 0)
        total += count;
    CHECK_EQ(errno, EAGAIN);
    return total;
}

TEST(bytes_in_order)
{
    int ends[2];
    char buffer[8];
    CHECK_OK(pipe(ends));
    write_all(ends[1], "abc", 3);
    write_all(ends[1], "def", 3);
    CHECK_EQ(read(ends[0], buffer, 2), 2);
    CHECK_EQ(read(ends[0], buffer + 2, 6), 4);
    CHECK_MEMORY(buffer, "abcdef", 6);
}

TEST(flags)
{
    int ends[2];
    char byte;
    CHECK_OK(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fcntl(ends[i], F_GETFD), FD_CLOEXEC);
        CHECK(fcntl(ends[i], F_GETFL) & O_NONBLOCK);
    }
    CHECK_ERRNO(read(ends[0], &byte, 1), EAGAIN);
    CHECK_ERRNO(pipe2(ends, 0x10), EINVAL);
}

TEST(ends_are_one_way)
{
    int ends[2];
    char byte;
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(write(ends[0], "x", 1), EBADF);
    CHECK_ERRNO(read(ends[1], &byte, 1), EBADF);
    CHECK_EQ(fcntl(ends[0], F_GETFL), O_RDONLY);
    CHECK_EQ(fcntl(ends[1], F_GETFL), O_WRONLY);
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_SET), ESPIPE);
}

TEST(end_of_file)
{
    int ends[2];
    char buffer[8];
    CHECK_OK(pipe(ends));
    write_all(ends[1], "end", 3);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(read(ends[0], buffer, 8), 3);
    CHECK_EQ(read(ends[0], buffer, 8), 0);
}

TEST(no_reader)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_OK(close(ends[0]));
    catch_signal(SIGPIPE, 0);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    CHECK_EQ(signals_caught, 1);
    CHECK(poll_events(ends[1], POLLOUT, 0) & POLLERR);
}

TEST(reader_blocks)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(read(ends[0], &byte, 1), 1);
        _exit(0);
    }
    wait_asleep(child);
    write_all(ends[1], "x", 1);
    wait_child(child);
}

TEST(last_writer_wakes_the_reader)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_OK(close(ends[1]));
        CHECK_EQ(read(ends[0], &byte, 1), 0);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(close(ends[1]));
    wait_child(child);
}

TEST(capacity)
{
    int ends[2];
    static char sink[1 << 20];
    CHECK_OK(pipe(ends));
    size_t total = fill(ends[1]);
    CHECK_BETWEEN(total, PIPE_BUF, 1 << 20);
    CHECK_EQ(poll_events(ends[1], POLLOUT, 0), 0);
    for (size_t done = 0; done < total;)
        done += CHECK_OK(read(ends[0], sink, sizeof(sink)));
    CHECK_EQ(poll_events(ends[1], POLLOUT, 0), POLLOUT);
}

TEST(writer_blocks)
{
    int ends[2];
    static char sink[4096];
    CHECK_OK(pipe(ends));
    size_t total = fill(ends[1]);
    CHECK_OK(fcntl(ends[1], F_SETFL, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(write(ends[1], "last", 4), 4);
        _exit(0);
    }
    wait_asleep(child);
    for (size_t done = 0; done < total;) {
        size_t want = total - done < 4096 ? total - done : 4096;
        read_all(ends[0], sink, want);
        done += want;
    }
    wait_child(child);
    read_all(ends[0], sink, 4);
    CHECK_MEMORY(sink, "last", 4);
}

TEST(gone_reader_wakes_the_writer)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    fill(ends[1]);
    CHECK_OK(fcntl(ends[1], F_SETFL, 0));
    pid_t child = fork_child();
    if (child == 0) {
        ignore_sigpipe();
        CHECK_OK(close(ends[0]));
        CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(close(ends[0]));
    wait_child(child);
}

TEST(small_writes_are_atomic)
{
    enum {
        WRITERS = 4,
        RECORDS = 100,
        SIZE = 1000
    };
    int ends[2];
    char record[SIZE];
    CHECK_OK(pipe(ends));
    for (int i = 0; i < WRITERS; i++)
        if (fork_child() == 0) {
            memset(record, 'a' + i, SIZE);
            for (int j = 0; j < RECORDS; j++)
                CHECK_EQ(write(ends[1], record, SIZE), SIZE);
            _exit(0);
        }
    CHECK_OK(close(ends[1]));
    for (int i = 0; i < WRITERS * RECORDS; i++) {
        read_all(ends[0], record, SIZE);
        for (int j = 1; j < SIZE; j++)
            CHECK_EQ(record[j], record[0]);
    }
    CHECK_EQ(read(ends[0], record, 1), 0);
}

TEST(nonblocking_part)
{
    static char block[1 << 20];
    int ends[2];
    CHECK_OK(pipe2(ends, O_NONBLOCK));
    CHECK_BETWEEN(write(ends[1], block, sizeof(block)), PIPE_BUF,
                  sizeof(block) - 1);
}

TEST(large_transfer)
{
    enum {
        LENGTH = 1 << 20
    };
    static unsigned char data[LENGTH];
    int ends[2];
    CHECK_OK(pipe(ends));
    for (int i = 0; i < LENGTH; i++)
        data[i] = i * 7 + (i >> 11);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(ends[1], data, LENGTH);
        _exit(0);
    }
    static unsigned char got[LENGTH];
    read_all(ends[0], got, LENGTH);
    CHECK_MEMORY(got, data, LENGTH);
    wait_child(child);
}

TEST(interrupted)
{
    int ends[2];
    char byte;
    CHECK_OK(pipe(ends));
    interrupt_every_ms(50);
    CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
    fill(ends[1]);
    CHECK_OK(fcntl(ends[1], F_SETFL, 0));
    CHECK_ERRNO(write(ends[1], "x", 1), EINTR);
}

TEST(readiness)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_EQ(poll_events(ends[0], POLLIN, 0), 0);
    CHECK_EQ(poll_events(ends[1], POLLOUT, 0), POLLOUT);
    write_all(ends[1], "x", 1);
    CHECK_EQ(poll_events(ends[0], POLLIN, 0), POLLIN);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(poll_events(ends[0], POLLIN, 0), POLLIN | POLLHUP);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(poll_events(ends[0], POLLIN, 0), POLLHUP);
}

TEST(unread_bytes)
{
    int ends[2], count = -1;
    CHECK_OK(pipe(ends));
    write_all(ends[1], "12345", 5);
    CHECK_OK(ioctl(ends[0], FIONREAD, &count));
    CHECK_EQ(count, 5);
}

TEST(status)
{
    struct stat status;
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_OK(fstat(ends[0], &status));
    CHECK(S_ISFIFO(status.st_mode));
}

TEST(no_descriptors_left)
{
    struct rlimit limit;
    int ends[2], next = lowest_free_fd();
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = next + 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERRNO(pipe(ends), EMFILE);
    CHECK_EQ(lowest_free_fd(), next);
}

// Both ends are gone but the one that is opened again: no wait for a writer.
TEST(opened_again_without_a_writer)
{
    char path[64], bytes[8];
    int ends[2];
    CHECK_OK(pipe(ends));
    write_all(ends[1], "left", 4);
    CHECK_OK(close(ends[1]));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    int again = CHECK_OK(open(path, O_RDONLY));
    CHECK_EQ(read(again, bytes, sizeof(bytes)), 4);
    CHECK_EQ(read(again, bytes, sizeof(bytes)), 0);
    CHECK_EQ(poll_events(again, POLLIN, 1000), POLLHUP);
    CHECK_OK(open(path, O_WRONLY | O_NONBLOCK));
}
