// SPDX-License-Identifier: MIT
//
// AF_UNIX names, unix(7): what bind makes, whom connect finds.
#include "unix.h"

#include <sys/stat.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static mode_t mode_of(const char *path)
{
    struct stat st;
    CHECK_OK(lstat(path, &st));
    return st.st_mode;
}

// Some tests ask for what only others than root are refused.
static void become_nobody(void)
{
    if (geteuid() != 0)
        skip("not root");
    CHECK_OK(setresgid(65534, 65534, 65534));
    CHECK_OK(setresuid(65534, 65534, 65534));
}

TEST(bind_makes_a_socket_inode)
{
    struct name name = path_name("s");

    umask(027);
    int fd = unix_bound(SOCK_STREAM, &name);
    CHECK_EQ(mode_of(name.un.sun_path), S_IFSOCK | 0750);
    struct name got = name_of(fd);
    CHECK_EQ(got.length, name.length);
    CHECK_STRING(got.un.sun_path, name.un.sun_path);
    CHECK_OK(close(fd));
    CHECK_EQ(mode_of(name.un.sun_path), S_IFSOCK | 0750);  // it stays
}

TEST(a_path_needs_no_nul)
{
    struct name name = path_name("s");

    int fd = unix_socket(SOCK_DGRAM);
    struct name cut = name;
    cut.length--;
    memset(cut.un.sun_path + cut.length - PATH_AT, 'x', 4);
    CHECK_OK(try_bind(fd, &cut));
    CHECK(S_ISSOCK(mode_of(name.un.sun_path)));
    CHECK_EQ(name_of(fd).length, name.length);  // it has one now
}

TEST(longest_path)
{
    struct name name = path_name("");

    size_t start = strlen(name.un.sun_path);
    memset(name.un.sun_path + start, 'p', sizeof(name.un.sun_path) - start);
    name.length = sizeof(name.un);
    int fd = unix_bound(SOCK_DGRAM, &name);
    char buffer[200];
    socklen_t length = sizeof(buffer);
    CHECK_OK(getsockname(fd, (struct sockaddr *)buffer, &length));
    CHECK_EQ(length, sizeof(name.un) + 1);
    CHECK_MEMORY(buffer + PATH_AT, name.un.sun_path, sizeof(name.un.sun_path));
    CHECK_EQ(buffer[sizeof(name.un)], 0);
    int sender = unix_socket(SOCK_DGRAM);
    CHECK_OK(try_connect(sender, &name));
    char path[120];
    snprintf(path, sizeof(path), "%.108s", name.un.sun_path);
    CHECK_OK(unlink(path));
}

TEST(lengths)
{
    struct name name = path_name("s");
    int fd = unix_socket(SOCK_STREAM);

    const socklen_t bad[] = {0, 1, sizeof(name.un) + 1, 129, 4096};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        name.length = bad[i];
        CHECK_ERRNO(try_bind(fd, &name), EINVAL);
        CHECK_ERRNO(try_connect(fd, &name), EINVAL);
    }
    name.length = PATH_AT;  // nobody to connect to
    CHECK_ERRNO(try_connect(fd, &name), EINVAL);
    name.length = sizeof(name.un);
    name.un.sun_family = AF_INET;
    CHECK_ERRNO(try_bind(fd, &name), EINVAL);
    CHECK_ERRNO(try_connect(fd, &name), EINVAL);
    CHECK_ERRNO(bind(fd, bad_pointer(), sizeof(name.un)), EFAULT);
    CHECK_ERRNO(connect(fd, bad_pointer(), sizeof(name.un)), EFAULT);
    CHECK_EQ(name_of(fd).length, PATH_AT);
}

TEST(path_in_use)
{
    struct name name = path_name("s"), other = path_name("t");

    int fd = unix_bound(SOCK_STREAM, &name);
    int second = unix_socket(SOCK_STREAM);
    CHECK_ERRNO(try_bind(second, &name), EADDRINUSE);
    CHECK_ERRNO(try_bind(fd, &name), EADDRINUSE);
    CHECK_ERRNO(try_bind(fd, &other), EINVAL);  // it has a name
    CHECK_ERRNO(access(other.un.sun_path, F_OK), ENOENT);
    CHECK_OK(close(fd));
    CHECK_ERRNO(try_bind(second, &name), EADDRINUSE);  // the inode is there
    CHECK_OK(unlink(name.un.sun_path));
    CHECK_OK(try_bind(second, &name));
}

TEST(any_file_is_in_the_way)
{
    struct name name = path_name("s");
    int fd = unix_socket(SOCK_STREAM);

    write_file(name.un.sun_path, "text");
    CHECK_ERRNO(try_bind(fd, &name), EADDRINUSE);
    CHECK_ERRNO(try_connect(fd, &name), ECONNREFUSED);
    CHECK_OK(unlink(name.un.sun_path));
    CHECK_OK(symlink("/nowhere/at/all", name.un.sun_path));
    CHECK_ERRNO(try_bind(fd, &name), EADDRINUSE);
    CHECK_ERRNO(try_connect(fd, &name), ENOENT);
}

TEST(paths_that_lead_nowhere)
{
    struct name name = path_name("s"), file = path_name("f");
    int fd = unix_socket(SOCK_STREAM);

    CHECK_ERRNO(try_connect(fd, &name), ENOENT);
    strcat(name.un.sun_path, "/below");
    name.length = sizeof(name.un);
    CHECK_ERRNO(try_bind(fd, &name), ENOENT);
    CHECK_ERRNO(try_connect(fd, &name), ENOENT);
    write_file(file.un.sun_path, "");
    strcat(file.un.sun_path, "/below");
    file.length = sizeof(file.un);
    CHECK_ERRNO(try_bind(fd, &file), ENOTDIR);
    CHECK_ERRNO(try_connect(fd, &file), ENOTDIR);
    struct name loop = path_name("l");
    CHECK_OK(symlink(loop.un.sun_path, loop.un.sun_path));
    CHECK_ERRNO(try_connect(fd, &loop), ELOOP);
    strcat(loop.un.sun_path, "/x");
    loop.length += 2;
    CHECK_ERRNO(try_bind(fd, &loop), ELOOP);
}

TEST(a_trailing_slash)
{
    struct name name = path_name("s");
    int fd = unix_socket(SOCK_STREAM);

    strcat(name.un.sun_path, "/");
    name.length++;
    CHECK_ERRNO(try_bind(fd, &name), ENOENT);
}

TEST(relative_paths)
{
    struct name name = path_name("d");
    struct name relative = {.un = {AF_UNIX, "rel"}, .length = PATH_AT + 4};

    CHECK_OK(mkdir(name.un.sun_path, 0700));
    CHECK_OK(chdir(name.un.sun_path));
    int listener = unix_listener(SOCK_STREAM, &relative, 1);
    CHECK_STRING(name_of(listener).un.sun_path, "rel");
    CHECK_EQ(name_of(listener).length, PATH_AT + 4);
    strcat(name.un.sun_path, "/./rel");
    name.length = sizeof(name.un);
    unix_connected(SOCK_STREAM, &name);
    CHECK_OK(chdir("/"));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &relative), ENOENT);
}

TEST(directories_that_may_not_change)
{
    struct name name = path_name("d");

    CHECK_OK(mkdir(name.un.sun_path, 0755));
    CHECK_OK(chmod(name.un.sun_path, 0755));
    strcat(name.un.sun_path, "/s");
    name.length += 2;
    become_nobody();
    CHECK_ERRNO(try_bind(unix_socket(SOCK_STREAM), &name), EACCES);
}

TEST(sockets_that_may_not_be_written)
{
    struct name name = path_name("s");

    unix_listener(SOCK_STREAM, &name, 5);
    CHECK_OK(chmod(name.un.sun_path, 0755));
    become_nobody();
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), EACCES);
    CHECK_ERRNO(open(name.un.sun_path, O_RDWR), EACCES);
    CHECK_ERRNO(open(name.un.sun_path, O_RDONLY), ENXIO);
}

TEST(a_socket_cannot_be_opened)
{
    struct name name = path_name("s");

    unix_listener(SOCK_STREAM, &name, 5);
    CHECK_ERRNO(open(name.un.sun_path, O_RDWR), ENXIO);
    CHECK_ERRNO(open(name.un.sun_path, O_RDONLY | O_NONBLOCK), ENXIO);
    CHECK_ERRNO(open(name.un.sun_path, O_RDWR | O_CREAT, 0600), ENXIO);
    CHECK_ERRNO(truncate(name.un.sun_path, 0), EINVAL);
    CHECK_OK(open(name.un.sun_path, O_PATH));
}

TEST(an_inode_without_a_socket)
{
    struct name name = path_name("s");

    CHECK_OK(mknod(name.un.sun_path, S_IFSOCK | 0600, 0));
    CHECK(S_ISSOCK(mode_of(name.un.sun_path)));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ECONNREFUSED);
    CHECK_ERRNO(try_bind(unix_socket(SOCK_STREAM), &name), EADDRINUSE);
    CHECK_ERRNO(open(name.un.sun_path, O_RDWR), ENXIO);
}

TEST(a_socket_that_was_closed)
{
    struct name name = path_name("s");

    CHECK_OK(close(unix_listener(SOCK_STREAM, &name, 5)));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ECONNREFUSED);
}

TEST(unlinked_sockets_are_out_of_reach)
{
    struct name name = path_name("s");

    int listener = unix_listener(SOCK_STREAM, &name, 5);
    CHECK_OK(unlink(name.un.sun_path));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ENOENT);
    CHECK_STRING(name_of(listener).un.sun_path, name.un.sun_path);
    // The name is free for another one.
    unix_listener(SOCK_STREAM, &name, 5);
    unix_connected(SOCK_STREAM, &name);
    CHECK_EQ(poll_events(listener, POLLIN, 0), 0);
}

TEST(renamed_sockets_are_found)
{
    struct name name = path_name("s"), moved = path_name("t");
    struct name linked = path_name("u");

    int listener = unix_listener(SOCK_STREAM, &name, 5);
    CHECK_OK(rename(name.un.sun_path, moved.un.sun_path));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ENOENT);
    int fd = unix_connected(SOCK_STREAM, &moved);
    CHECK_STRING(peer_of(fd).un.sun_path, name.un.sun_path);  // as bound
    CHECK_OK(link(moved.un.sun_path, linked.un.sun_path));
    unix_connected(SOCK_STREAM, &linked);
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(accept(listener, NULL, NULL));
}

TEST(symbolic_links_are_followed)
{
    struct name name = path_name("s"), link = path_name("l");

    int receiver = unix_bound(SOCK_DGRAM, &name);
    CHECK_OK(symlink(name.un.sun_path, link.un.sun_path));
    int sender = unix_socket(SOCK_DGRAM);
    CHECK_EQ(
        sendto(sender, "x", 1, 0, (struct sockaddr *)&link.un, link.length), 1);
    char byte;
    CHECK_EQ(recv(receiver, &byte, 1, MSG_DONTWAIT), 1);
}

TEST(other_types_do_not_answer)
{
    struct name name = path_name("s");

    unix_listener(SOCK_STREAM, &name, 5);
    CHECK_ERRNO(try_connect(unix_socket(SOCK_DGRAM), &name), EPROTOTYPE);
    CHECK_ERRNO(try_connect(unix_socket(SOCK_SEQPACKET), &name), EPROTOTYPE);
    CHECK_ERRNO(sendto(unix_socket(SOCK_DGRAM), "x", 1, 0,
                       (struct sockaddr *)&name.un, name.length),
                EPROTOTYPE);
}

TEST(abstract_names)
{
    struct name name = abstract_name("a");

    int listener = unix_listener(SOCK_STREAM, &name, 5);
    CHECK_ERRNO(try_bind(unix_socket(SOCK_STREAM), &name), EADDRINUSE);
    struct name got = name_of(listener);
    CHECK_EQ(got.length, name.length);
    CHECK_MEMORY(&got.un, &name.un, name.length);
    int fd = unix_connected(SOCK_STREAM, &name);
    CHECK_EQ(peer_of(fd).length, name.length);
    CHECK_EQ(name_of(fd).length, PATH_AT);
    // Every byte counts, also a NUL behind.
    struct name longer = name;
    longer.length++;
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &longer), ECONNREFUSED);
    CHECK_OK(close(listener));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ECONNREFUSED);
    unix_bound(SOCK_STREAM, &name);  // it is free again
}

TEST(abstract_names_belong_to_a_type)
{
    struct name name = abstract_name("a");

    unix_listener(SOCK_STREAM, &name, 5);
    CHECK_ERRNO(try_connect(unix_socket(SOCK_SEQPACKET), &name), ECONNREFUSED);
    unix_bound(SOCK_DGRAM, &name);
    unix_bound(SOCK_SEQPACKET, &name);
}

TEST(abstract_bind_twice)
{
    struct name name = abstract_name("a"), other = abstract_name("b");

    int fd = unix_bound(SOCK_DGRAM, &name);
    CHECK_ERRNO(try_bind(fd, &name), EINVAL);
    CHECK_ERRNO(try_bind(fd, &other), EINVAL);
    unix_bound(SOCK_DGRAM, &other);
}

TEST(the_empty_abstract_name)
{
    struct name name = {.un.sun_family = AF_UNIX, .length = PATH_AT + 1};

    int fd = unix_bound(SOCK_SEQPACKET, &name);
    CHECK_EQ(name_of(fd).length, PATH_AT + 1);
}

TEST(autobind)
{
    struct name none = {.un.sun_family = AF_UNIX, .length = PATH_AT};
    int fd = unix_socket(SOCK_DGRAM), other = unix_socket(SOCK_DGRAM);

    CHECK_OK(try_bind(fd, &none));
    struct name first = name_of(fd);
    CHECK_EQ(first.length, PATH_AT + 6);
    CHECK_EQ(first.un.sun_path[0], 0);
    for (int i = 1; i < 6; i++)
        CHECK(strchr("0123456789abcdef", first.un.sun_path[i]));
    CHECK_OK(try_bind(fd, &none));  // it has one: nothing changes
    struct name again = name_of(fd);
    CHECK_MEMORY(&again.un, &first.un, first.length);
    CHECK_OK(try_bind(other, &none));
    CHECK(memcmp(name_of(other).un.sun_path, first.un.sun_path, 6) != 0);
    CHECK_EQ(
        sendto(other, "x", 1, 0, (struct sockaddr *)&first.un, first.length),
        1);
}

TEST(getsockname_with_little_room)
{
    struct name name = path_name("s");
    int fd = unix_bound(SOCK_DGRAM, &name);
    char buffer[16];
    socklen_t length = 6;

    memset(buffer, '#', sizeof(buffer));
    CHECK_OK(getsockname(fd, (struct sockaddr *)buffer, &length));
    CHECK_EQ(length, name.length);
    CHECK_MEMORY(buffer + 2, name.un.sun_path, 4);
    CHECK_EQ(buffer[6], '#');
}

TEST(fstat_is_not_of_the_name)
{
    struct name name = path_name("s");
    struct stat named, open;

    int fd = unix_bound(SOCK_STREAM, &name);
    CHECK_OK(stat(name.un.sun_path, &named));
    CHECK_OK(fstat(fd, &open));
    CHECK(S_ISSOCK(open.st_mode));
    CHECK(named.st_ino != open.st_ino || named.st_dev != open.st_dev);
}

TEST(types_and_protocols)
{
    int value;
    socklen_t length = sizeof(value);

    int fd = CHECK_OK(socket(AF_UNIX, SOCK_RAW, 0));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length));
    CHECK_EQ(value, SOCK_DGRAM);
    fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, PF_UNIX));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &length));
    CHECK_EQ(value, 0);
    CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
}
