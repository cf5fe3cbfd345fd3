// SPDX-License-Identifier: MIT
//
// Advisory locks: fcntl's record locks, of processes and of open files, and
// flock.
#include "harness.h"

#include <sys/file.h>

static int open_new(const char *suffix, const char **path)
{
    *path = temporary_name(suffix);
    write_file(*path, "");
    return CHECK_OK(open(*path, O_RDWR));
}

static struct flock range(int type, off_t start, off_t length)
{
    return (struct flock){.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = start,
                          .l_len = length};
}

static int set_lock(int fd, int command, int type, off_t start, off_t length)
{
    struct flock lock = range(type, start, length);
    return fcntl(fd, command, &lock);
}

// What F_GETLK says of an exclusive lock over everything.
static struct flock first_conflict(int fd, int command)
{
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_OK(fcntl(fd, command, &lock));
    return lock;
}

// Asks from another process, since a process does not conflict with itself.
static void check_conflict(int fd, int type, off_t start, off_t length)
{
    pid_t parent = getpid(), child = fork_child();
    if (child == 0) {
        struct flock lock = first_conflict(fd, F_GETLK);
        CHECK_EQ(lock.l_type, type);
        if (type != F_UNLCK) {
            CHECK_EQ(lock.l_start, start);
            CHECK_EQ(lock.l_len, length);
            CHECK_EQ(lock.l_pid, parent);
        }
        _exit(0);
    }
    wait_child(child);
}

TEST(record_is_seen_by_others)
{
    const char *path;
    int fd = open_new("seen", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 10, 5));
    check_conflict(fd, F_WRLCK, 10, 5);
    CHECK_EQ(first_conflict(fd, F_GETLK).l_type, F_UNLCK);  // our own
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
    check_conflict(fd, F_UNLCK, 0, 0);
    CHECK_OK(unlink(path));
}

TEST(records_split_and_merge)
{
    const char *path;
    int fd = open_new("split", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 100));
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 10, 10));
    check_conflict(fd, F_WRLCK, 0, 10);
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 0, 10));
    check_conflict(fd, F_WRLCK, 20, 80);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 5, 15));
    check_conflict(fd, F_WRLCK, 5, 95);
    CHECK_OK(set_lock(fd, F_SETLK, F_RDLCK, 5, 95));
    check_conflict(fd, F_RDLCK, 5, 95);
    CHECK_OK(unlink(path));
}

TEST(readers_share_and_writers_do_not)
{
    const char *path;
    int fd = open_new("share", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_RDLCK, 0, 10));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(set_lock(fd, F_SETLK, F_RDLCK, 5, 10));
        CHECK_ERRNO(set_lock(fd, F_SETLK, F_WRLCK, 5, 10), EAGAIN);
        CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 10, 5));
        _exit(0);
    }
    wait_child(child);
    CHECK_OK(unlink(path));
}

TEST(any_close_lets_a_process_s_records_go)
{
    const char *path;
    int fd = open_new("close", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(close(CHECK_OK(open(path, O_RDONLY))));
    check_conflict(fd, F_UNLCK, 0, 0);
    CHECK_OK(unlink(path));
}

TEST(records_are_not_inherited)
{
    const char *path;
    int fd = open_new("inherit", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_ERRNO(set_lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
        _exit(0);
    }
    wait_child(child);
    check_conflict(fd, F_WRLCK, 0, 0);  // its end did not take ours
    CHECK_OK(unlink(path));
}

TEST(waiting_for_a_record)
{
    const char *path;
    int fd = open_new("wait", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 10));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(set_lock(fd, F_SETLKW, F_WRLCK, 5, 10));
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
    wait_child(child);
    CHECK_OK(unlink(path));
}

TEST(waiting_is_interrupted)
{
    const char *path;
    int fd = open_new("signal", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 0));
    pid_t child = fork_child();
    if (child == 0) {
        interrupt_every_ms(50);
        CHECK_ERRNO(set_lock(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR);
        _exit(0);
    }
    wait_child(child);
    CHECK_OK(unlink(path));
}

TEST(a_circle_of_waiting_is_refused)
{
    const char *path;
    int fd = open_new("circle", &path);
    CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 0, 1));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(set_lock(fd, F_SETLK, F_WRLCK, 1, 1));
        CHECK_OK(set_lock(fd, F_SETLKW, F_WRLCK, 0, 1));
        _exit(0);
    }
    wait_asleep(child);
    CHECK_ERRNO(set_lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
    wait_child(child);
    CHECK_OK(unlink(path));
}

TEST(record_errors)
{
    const char *path;
    int fd = open_new("errors", &path);
    int reader = CHECK_OK(open(path, O_RDONLY));
    int writer = CHECK_OK(open(path, O_WRONLY));
    CHECK_ERRNO(set_lock(reader, F_SETLK, F_WRLCK, 0, 0), EBADF);
    CHECK_ERRNO(set_lock(writer, F_SETLK, F_RDLCK, 0, 0), EBADF);
    CHECK_ERRNO(set_lock(fd, F_SETLK, 77, 0, 0), EINVAL);
    CHECK_ERRNO(set_lock(fd, F_SETLK, F_RDLCK, -1, 1), EINVAL);
    CHECK_ERRNO(set_lock(-1, F_SETLK, F_RDLCK, 0, 0), EBADF);
    CHECK_ERRNO(fcntl(fd, F_SETLK, bad_pointer()), EFAULT);
    struct flock lock = range(F_RDLCK, 0, 0);
    lock.l_whence = 9;
    CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EINVAL);
    CHECK_OK(unlink(path));
}

TEST(records_relative_to_position_and_end)
{
    const char *path;
    int fd = open_new("relative", &path);
    write_all(fd, "0123456789", 10);
    CHECK_OK(lseek(fd, 4, SEEK_SET));
    struct flock lock = range(F_WRLCK, -2, 3);
    lock.l_whence = SEEK_CUR;
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    check_conflict(fd, F_WRLCK, 2, 3);
    CHECK_OK(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
    lock = range(F_WRLCK, 0, -4);
    lock.l_whence = SEEK_END;
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    check_conflict(fd, F_WRLCK, 6, 4);
    CHECK_OK(unlink(path));
}

TEST(locks_of_open_files)
{
    const char *path;
    int one = open_new("ofd", &path), two = CHECK_OK(open(path, O_RDWR));
    CHECK_OK(set_lock(one, F_OFD_SETLK, F_WRLCK, 0, 10));
    CHECK_ERRNO(set_lock(two, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
    CHECK_EQ(first_conflict(two, F_OFD_GETLK).l_pid, -1);
    CHECK_ERRNO(set_lock(two, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
    int copy = CHECK_OK(dup(one));
    CHECK_OK(close(one));
    CHECK_ERRNO(set_lock(two, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
    CHECK_OK(close(copy));
    CHECK_OK(set_lock(two, F_OFD_SETLK, F_RDLCK, 5, 1));
    CHECK_OK(unlink(path));
}

TEST(flock_belongs_to_the_open_file)
{
    const char *path;
    int one = open_new("flock", &path), two = CHECK_OK(open(path, O_RDONLY));
    CHECK_OK(flock(one, LOCK_EX));
    CHECK_ERRNO(flock(two, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(one, LOCK_SH));
    CHECK_OK(flock(two, LOCK_SH | LOCK_NB));
    CHECK_ERRNO(flock(two, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    int copy = CHECK_OK(dup(one));
    CHECK_OK(flock(copy, LOCK_UN));
    CHECK_OK(flock(two, LOCK_EX | LOCK_NB));
    CHECK_ERRNO(flock(one, 0), EINVAL);
    CHECK_ERRNO(flock(-1, LOCK_SH), EBADF);
    CHECK_OK(unlink(path));
}

TEST(flock_waits_and_is_inherited)
{
    const char *path;
    int fd = open_new("flockwait", &path);
    CHECK_OK(flock(fd, LOCK_EX));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));  // the same open file
        int other = CHECK_OK(open(path, O_RDONLY));
        CHECK_OK(flock(other, LOCK_EX));
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(flock(fd, LOCK_UN));
    wait_child(child);
    CHECK_OK(unlink(path));
}

TEST(flock_and_records_ignore_each_other)
{
    const char *path;
    int one = open_new("both", &path), two = CHECK_OK(open(path, O_RDWR));
    CHECK_OK(flock(one, LOCK_EX));
    CHECK_OK(set_lock(two, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(unlink(path));
}
