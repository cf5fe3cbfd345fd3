// SPDX-License-Identifier: MIT
//
// Regular files: open, read, write, seek, truncate, stat, links, names.
#include "harness.h"

#include <dirent.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int create(const char *path)
{
    return CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
}

static off_t size_of(const char *path)
{
    struct stat status;
    CHECK_OK(stat(path, &status));
    return status.st_size;
}

TEST(write_then_read)
{
    const char *path = temporary_name("a");
    char buffer[16];
    int fd = create(path);
    write_all(fd, "hello", 5);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, buffer, sizeof(buffer)), 5);
    CHECK_MEMORY(buffer, "hello", 5);
    CHECK_EQ(read(fd, buffer, sizeof(buffer)), 0);
    CHECK_OK(unlink(path));
}

TEST(open_flags)
{
    const char *path = temporary_name("flags");
    CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
    CHECK_OK(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    CHECK_ERRNO(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    write_file(path, "12345");
    CHECK_OK(open(path, O_WRONLY | O_CREAT, 0600));
    CHECK_EQ(size_of(path), 5);
    CHECK_OK(open(path, O_WRONLY | O_TRUNC));
    CHECK_EQ(size_of(path), 0);
    CHECK_ERRNO(open(path, O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(open("/tmp", O_WRONLY), EISDIR);
    CHECK_ERRNO(open("/tmp", O_RDWR), EISDIR);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_OK(unlink(path));
}

TEST(access_mode_is_kept)
{
    const char *path = temporary_name("mode");
    char byte;
    write_file(path, "x");
    int reader = CHECK_OK(open(path, O_RDONLY));
    int writer = CHECK_OK(open(path, O_WRONLY));
    CHECK_ERRNO(write(reader, "x", 1), EBADF);
    CHECK_ERRNO(read(writer, &byte, 1), EBADF);
    CHECK_EQ(fcntl(reader, F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(fcntl(writer, F_GETFL) & O_ACCMODE, O_WRONLY);
    CHECK_OK(unlink(path));
}

TEST(append)
{
    const char *path = temporary_name("append");
    write_file(path, "one");
    int fd = CHECK_OK(open(path, O_WRONLY | O_APPEND));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    write_all(fd, "two", 3);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_STRING(read_file(path), "onetwo");
    CHECK_OK(unlink(path));
}

TEST(seek)
{
    const char *path = temporary_name("seek");
    char byte;
    write_file(path, "0123456789");
    int fd = CHECK_OK(open(path, O_RDWR));
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(lseek(fd, 2, SEEK_CUR), 5);
    read_all(fd, &byte, 1);
    CHECK_EQ(byte, '5');
    CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
    CHECK_EQ(lseek(fd, 100, SEEK_END), 110);
    CHECK_EQ(read(fd, &byte, 1), 0);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
    CHECK_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 110);
    CHECK_OK(unlink(path));
}

TEST(holes_are_zero)
{
    const char *path = temporary_name("hole");
    char buffer[10002];
    int fd = create(path);
    CHECK_EQ(lseek(fd, 10000, SEEK_SET), 10000);
    write_all(fd, "x", 1);
    CHECK_EQ(size_of(path), 10001);
    CHECK_EQ(pread(fd, buffer, sizeof(buffer), 0), 10001);
    for (int i = 0; i < 10000; i++)
        CHECK_EQ(buffer[i], 0);
    CHECK_OK(unlink(path));
}

TEST(positioned)
{
    const char *path = temporary_name("position");
    char buffer[4];
    int fd = create(path);
    write_all(fd, "abcdef", 6);
    CHECK_EQ(pread(fd, buffer, 2, 1), 2);
    CHECK_MEMORY(buffer, "bc", 2);
    CHECK_EQ(pwrite(fd, "X", 1, 0), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_ERRNO(pread(fd, buffer, 1, -1), EINVAL);
    CHECK_ERRNO(pwrite(fd, buffer, 1, -1), EINVAL);
    CHECK_STRING(read_file(path), "Xbcdef");
    CHECK_OK(unlink(path));
}

TEST(vectors)
{
    const char *path = temporary_name("vector");
    char one[3], two[8];
    struct iovec out[] = {{"abc", 3}, {NULL, 0}, {"defg", 4}};
    struct iovec in[] = {{one, 3}, {two, 8}};
    int fd = create(path);
    CHECK_EQ(writev(fd, out, 3), 7);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, in, 2), 7);
    CHECK_MEMORY(one, "abc", 3);
    CHECK_MEMORY(two, "defg", 4);
    CHECK_EQ(writev(fd, out, 0), 0);
    CHECK_ERRNO(syscall(SYS_writev, fd, out, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_writev, fd, out, 1025), EINVAL);
    CHECK_OK(unlink(path));
}

TEST(truncate_both_ways)
{
    const char *path = temporary_name("truncate");
    char buffer[10];
    int fd = create(path);
    write_all(fd, "abcdef", 6);
    CHECK_OK(ftruncate(fd, 3));
    CHECK_EQ(size_of(path), 3);
    CHECK_OK(ftruncate(fd, 8));
    CHECK_EQ(pread(fd, buffer, 10, 0), 8);
    CHECK_MEMORY(buffer, "abc\0\0\0\0\0", 8);  // not the old bytes
    CHECK_OK(truncate(path, 1));
    CHECK_EQ(size_of(path), 1);
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_ERRNO(ftruncate(CHECK_OK(open(path, O_RDONLY)), 0), EINVAL);
    CHECK_ERRNO(truncate("/tmp", 0), EISDIR);
    CHECK_OK(unlink(path));
}

TEST(large_file)
{
    enum {
        LENGTH = 3 << 20
    };
    static unsigned char block[70000];
    const char *path = temporary_name("large");
    int fd = create(path);
    for (int done = 0; done < LENGTH; done += sizeof(block)) {
        for (size_t i = 0; i < sizeof(block); i++)
            block[i] = (done + i) * 5 + ((done + i) >> 12);
        write_all(fd, block, sizeof(block));
    }
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    for (int done = 0; done < LENGTH; done += sizeof(block)) {
        read_all(fd, block, sizeof(block));
        for (size_t i = 0; i < sizeof(block); i++)
            if (block[i] !=
                (unsigned char)((done + i) * 5 + ((done + i) >> 12)))
                FAIL("byte %zu is wrong", done + i);
    }
    CHECK_OK(unlink(path));
}

TEST(status)
{
    const char *path = temporary_name("status");
    struct stat by_name, by_fd;
    umask(022);
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0666));
    write_all(fd, "12345", 5);
    CHECK_OK(stat(path, &by_name));
    CHECK_OK(fstat(fd, &by_fd));
    CHECK(S_ISREG(by_name.st_mode));
    CHECK_EQ(by_name.st_mode & 07777, 0644);
    CHECK_EQ(by_name.st_size, 5);
    CHECK_EQ(by_name.st_nlink, 1);
    CHECK_EQ(by_name.st_uid, geteuid());
    CHECK_EQ(by_name.st_ino, by_fd.st_ino);
    CHECK_EQ(by_name.st_dev, by_fd.st_dev);
    CHECK(by_name.st_blksize >= 512);
    CHECK_ERRNO(stat("/no/such", &by_name), ENOENT);
    CHECK_ERRNO(fstat(-1, &by_name), EBADF);
    CHECK_OK(unlink(path));
}

TEST(modes)
{
    const char *path = temporary_name("modes");
    struct stat status;
    write_file(path, "x");
    CHECK_OK(chmod(path, 0751));
    CHECK_OK(stat(path, &status));
    CHECK_EQ(status.st_mode & 07777, 0751);
    int fd = CHECK_OK(open(path, O_RDONLY));
    CHECK_OK(fchmod(fd, 0600));
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_mode & 07777, 0600);
    CHECK_OK(access(path, F_OK));
    CHECK_OK(access(path, R_OK | W_OK));
    CHECK_ERRNO(access(path, X_OK), EACCES);
    CHECK_ERRNO(access("/no/such", F_OK), ENOENT);
    CHECK_ERRNO(access(path, 99), EINVAL);
    CHECK_OK(unlink(path));
}

TEST(times)
{
    const char *path = temporary_name("times");
    struct stat status;
    struct timespec set[2] = {{1000, 0}, {2000, 5}};
    write_file(path, "x");
    CHECK_OK(utimensat(AT_FDCWD, path, set, 0));
    CHECK_OK(stat(path, &status));
    CHECK_EQ(status.st_atim.tv_sec, 1000);
    CHECK_EQ(status.st_mtim.tv_sec, 2000);
    write_file(path, "y");
    CHECK_OK(stat(path, &status));
    CHECK(status.st_mtim.tv_sec > 1500000000);
    CHECK_OK(unlink(path));
}

TEST(unlinked_but_open)
{
    const char *path = temporary_name("open");
    char buffer[4];
    struct stat status;
    int fd = create(path);
    write_all(fd, "live", 4);
    CHECK_OK(unlink(path));
    CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
    CHECK_EQ(pread(fd, buffer, 4, 0), 4);
    write_all(fd, "more", 4);
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_nlink, 0);
    CHECK_EQ(status.st_size, 8);
}

TEST(unlink_errors)
{
    CHECK_ERRNO(unlink("/no/such"), ENOENT);
    CHECK_ERRNO(unlink("/tmp"), EISDIR);
    CHECK_ERRNO(unlink(""), ENOENT);
}

TEST(hard_links)
{
    const char *first = temporary_name("1"), *second = temporary_name("2");
    struct stat one, two;
    write_file(first, "same");
    CHECK_OK(link(first, second));
    CHECK_OK(stat(first, &one));
    CHECK_OK(stat(second, &two));
    CHECK_EQ(one.st_ino, two.st_ino);
    CHECK_EQ(one.st_nlink, 2);
    CHECK_ERRNO(link(first, second), EEXIST);
    CHECK_ERRNO(link("/no/such", second), ENOENT);
    CHECK_OK(unlink(first));
    CHECK_STRING(read_file(second), "same");
    CHECK_OK(unlink(second));
}

TEST(symbolic_links)
{
    const char *file = temporary_name("file"), *name = temporary_name("link");
    char target[256];
    struct stat status;
    write_file(file, "target");
    CHECK_OK(symlink(file, name));
    CHECK_STRING(read_file(name), "target");
    CHECK_OK(lstat(name, &status));
    CHECK(S_ISLNK(status.st_mode));
    CHECK_OK(stat(name, &status));
    CHECK(S_ISREG(status.st_mode));
    ssize_t length = CHECK_OK(readlink(name, target, sizeof(target)));
    CHECK_EQ(length, strlen(file));
    CHECK_EQ(readlink(name, target, 3), 3);
    CHECK_ERRNO(readlink(file, target, sizeof(target)), EINVAL);
    CHECK_ERRNO(open(name, O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERRNO(symlink(file, name), EEXIST);
    CHECK_OK(unlink(file));
    CHECK_ERRNO(open(name, O_RDONLY), ENOENT);
    CHECK_OK(unlink(name));
}

TEST(symbolic_link_loop)
{
    const char *name = temporary_name("loop");
    CHECK_OK(symlink(name, name));
    CHECK_ERRNO(open(name, O_RDONLY), ELOOP);
    CHECK_OK(unlink(name));
}

TEST(rename_replaces)
{
    const char *from = temporary_name("from"), *to = temporary_name("to");
    write_file(from, "new");
    write_file(to, "old");
    CHECK_OK(rename(from, to));
    CHECK_STRING(read_file(to), "new");
    CHECK_ERRNO(access(from, F_OK), ENOENT);
    CHECK_ERRNO(rename(from, to), ENOENT);
    CHECK_OK(rename(to, to));
    CHECK_OK(unlink(to));
}

TEST(names)
{
    char name[300], path[5000];
    memset(name, 'n', 256);
    name[256] = '\0';
    snprintf(path, sizeof(path), "/tmp/%s", name);
    CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0600), ENAMETOOLONG);
    path[5 + 255] = '\0';
    CHECK_OK(open(path, O_WRONLY | O_CREAT, 0600));
    CHECK_OK(unlink(path));
    memset(path, '/', 4999);
    path[4999] = '\0';
    CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
    write_file("/tmp/usertest-plain", "");
    CHECK_ERRNO(open("/tmp/usertest-plain/x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/tmp/usertest-plain/", O_RDONLY), ENOTDIR);
    CHECK_OK(open("//tmp/./../tmp///usertest-plain", O_RDONLY));
    CHECK_OK(unlink("/tmp/usertest-plain"));
}

TEST(relative_to_a_folder)
{
    const char *path = temporary_name("at");
    struct stat status;
    int folder = CHECK_OK(open("/tmp", O_RDONLY | O_DIRECTORY));
    write_file(path, "at");
    CHECK_OK(openat(folder, path + 5, O_RDONLY));
    CHECK_OK(fstatat(folder, path + 5, &status, 0));
    CHECK_OK(faccessat(folder, path + 5, R_OK, 0));
    CHECK_ERRNO(openat(-1, path + 5, O_RDONLY), EBADF);
    CHECK_OK(openat(-1, path, O_RDONLY));  // absolute: folder not looked at
    int file = CHECK_OK(open(path, O_RDONLY));
    CHECK_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
    CHECK_OK(fstatat(file, "", &status, AT_EMPTY_PATH));
    CHECK_EQ(status.st_size, 2);
    CHECK_OK(unlinkat(folder, path + 5, 0));
}

TEST(send_file)
{
    const char *path = temporary_name("send");
    char buffer[16];
    int pair[2];
    off_t offset = 2;
    write_file(path, "0123456789");
    int fd = CHECK_OK(open(path, O_RDONLY));
    tcp_pair(pair);
    CHECK_EQ(sendfile(pair[0], fd, &offset, 5), 5);
    CHECK_EQ(offset, 7);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(sendfile(pair[0], fd, NULL, 100), 10);
    CHECK_EQ(sendfile(pair[0], fd, NULL, 100), 0);
    read_all(pair[1], buffer, 15);
    CHECK_MEMORY(buffer, "234560123456789", 15);
    CHECK_OK(unlink(path));
}

TEST(devices)
{
    char buffer[64];
    struct stat status;
    int null = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_EQ(write(null, "x", 1), 1);
    CHECK_EQ(read(null, buffer, 1), 0);
    int zero = CHECK_OK(open("/dev/zero", O_RDWR));
    memset(buffer, 1, sizeof(buffer));
    CHECK_EQ(read(zero, buffer, sizeof(buffer)), sizeof(buffer));
    CHECK_EQ(buffer[0] | buffer[63], 0);
    CHECK_EQ(write(zero, "x", 1), 1);
    int random = CHECK_OK(open("/dev/urandom", O_RDONLY));
    char other[64];
    CHECK_EQ(read(random, buffer, sizeof(buffer)), sizeof(buffer));
    CHECK_EQ(read(random, other, sizeof(other)), sizeof(other));
    CHECK(memcmp(buffer, other, sizeof(buffer)) != 0);
    CHECK_OK(open("/dev/random", O_RDONLY));
    CHECK_OK(fstat(null, &status));
    CHECK(S_ISCHR(status.st_mode));
}

TEST(synchronising)
{
    const char *path = temporary_name("sync");
    int fd = create(path);
    CHECK_OK(fsync(fd));
    CHECK_OK(fdatasync(fd));
    sync();
    CHECK_ERRNO(fsync(-1), EBADF);
    CHECK_OK(unlink(path));
}

TEST(file_system_status)
{
    struct statfs status;
    CHECK_OK(statfs("/tmp", &status));
    CHECK(status.f_bsize > 0);
    CHECK_ERRNO(statfs("/no/such", &status), ENOENT);
}

TEST(written_by_two)
{
    const char *path = temporary_name("two");
    int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            for (int j = 0; j < 100; j++)
                CHECK_EQ(write(fd, "line of text\n", 13), 13);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++)
        wait_child(children[i]);
    CHECK_EQ(size_of(path), 4 * 100 * 13);
    char *text = read_file(path);
    for (int i = 0; i < 400; i++)
        CHECK_MEMORY(text + i * 13, "line of text\n", 13);
    CHECK_OK(unlink(path));
}
