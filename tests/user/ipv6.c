// SPDX-License-Identifier: MIT
//
// AF_INET6 sockets, ipv6(7): addresses and their errors, both protocols over
// ::1, and IPv4 through the same sockets.
#include "harness.h"

#include <arpa/inet.h>
#include <net/if.h>

static struct sockaddr_in6 address6(const char *host, int port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(port)};
    CHECK_EQ(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
    return address;
}

static struct sockaddr *any6(struct sockaddr_in6 *address)
{
    return (struct sockaddr *)address;
}

static int socket6(int type)
{
    return CHECK_OK(socket(AF_INET6, type, 0));
}

static int bind6(int fd, const char *host, int port)
{
    struct sockaddr_in6 address = address6(host, port);
    return bind(fd, any6(&address), sizeof(address));
}

static int bind4(int fd, const char *host, int port)
{
    struct sockaddr_in address = loopback(port);
    CHECK_EQ(inet_pton(AF_INET, host, &address.sin_addr), 1);
    return bind(fd, any(&address), sizeof(address));
}

static int connect6(int fd, const char *host, int port)
{
    struct sockaddr_in6 address = address6(host, port);
    return connect(fd, any6(&address), sizeof(address));
}

static int send6(int fd, const char *host, int port, const char *text)
{
    struct sockaddr_in6 address = address6(host, port);
    return sendto(fd, text, strlen(text), 0, any6(&address), sizeof(address));
}

static void v6_only(int fd, int on)
{
    CHECK_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
}

static int option6(int fd, int name)
{
    int value = -2;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_IPV6, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

static struct sockaddr_in6 name_of(int fd)
{
    struct sockaddr_in6 name;
    socklen_t length = sizeof(name);
    memset(&name, 0xff, sizeof(name));
    CHECK_OK(getsockname(fd, any6(&name), &length));
    CHECK_EQ(length, sizeof(name));
    CHECK_EQ(name.sin6_family, AF_INET6);
    return name;
}

static struct sockaddr_in6 peer_of(int fd)
{
    struct sockaddr_in6 name;
    socklen_t length = sizeof(name);
    CHECK_OK(getpeername(fd, any6(&name), &length));
    CHECK_EQ(length, sizeof(name));
    return name;
}

static int port_of(int fd)
{
    return ntohs(name_of(fd).sin6_port);
}

static void check_host(const struct sockaddr_in6 *address, const char *host)
{
    char text[INET6_ADDRSTRLEN];
    CHECK_EQ(address->sin6_family, AF_INET6);
    CHECK(inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof(text)));
    CHECK_STRING(text, host);
}

// A listener on an address, at a port that was free.
static int listener6(const char *host, bool only)
{
    int fd = socket6(SOCK_STREAM);
    if (only)
        v6_only(fd, 1);
    CHECK_OK(bind6(fd, host, 0));
    CHECK_OK(listen(fd, 4));
    return fd;
}

// Does a line of a file of /proc/net contain a text?
static bool proc_has(const char *name, const char *wanted)
{
    char path[64], line[512];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/net/%s", name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (!found && fgets(line, sizeof(line), file))
        found = strstr(line, wanted) != NULL;
    fclose(file);
    return found;
}

// ---- names and lengths ----

TEST(unbound_name_is_any)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        struct sockaddr_in6 name = name_of(socket6(type));
        CHECK_EQ(name.sin6_port, 0);
        CHECK_EQ(name.sin6_scope_id, 0);
        check_host(&name, "::");
    }
}

TEST(bound_name)
{
    int fd = socket6(SOCK_STREAM);
    CHECK_OK(bind6(fd, "::1", 0));
    struct sockaddr_in6 name = name_of(fd);
    check_host(&name, "::1");
    CHECK(name.sin6_port != 0);
    CHECK_ERRNO(bind6(fd, "::1", 0), EINVAL);
}

TEST(short_addresses)
{
    struct sockaddr_in6 address = address6("::1", 0);
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        CHECK_ERRNO(bind(socket6(type), any6(&address), 23), EINVAL);
        CHECK_ERRNO(connect(socket6(type), any6(&address), 23), EINVAL);
        CHECK_OK(bind(socket6(type), any6(&address), 24));
    }
    CHECK_ERRNO(sendto(socket6(SOCK_DGRAM), "x", 1, 0, any6(&address), 23),
                EINVAL);
}

TEST(other_families)
{
    struct sockaddr_in address = loopback(9);
    struct sockaddr_in6 unknown = {.sin6_family = AF_UNIX};

    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        CHECK_ERRNO(bind4(socket6(type), "127.0.0.1", 0), EINVAL);
        CHECK_ERRNO(bind(socket6(type), any6(&unknown), sizeof(unknown)),
                    EAFNOSUPPORT);
        CHECK_ERRNO(connect(socket6(type), any6(&unknown), sizeof(unknown)),
                    EAFNOSUPPORT);
    }
    CHECK_ERRNO(connect(socket6(SOCK_STREAM), any(&address), sizeof(address)),
                EINVAL);
    CHECK_ERRNO(
        sendto(socket6(SOCK_DGRAM), "x", 1, 0, any6(&unknown), sizeof(unknown)),
        EINVAL);
    CHECK_ERRNO(bind6(tcp_socket(), "::1", 0), EAFNOSUPPORT);
    CHECK_ERRNO(connect6(tcp_socket(), "::1", 9), EAFNOSUPPORT);
    CHECK_ERRNO(connect6(udp_socket(), "::1", 9), EAFNOSUPPORT);
}

TEST(not_ours)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        CHECK_ERRNO(bind6(socket6(type), "2001:db8::77", 0), EADDRNOTAVAIL);
        CHECK_ERRNO(bind6(socket6(type), "::ffff:192.0.2.1", 0), EADDRNOTAVAIL);
    }
}

TEST(scopes)
{
    struct sockaddr_in6 address = address6("fe80::1234", 9);
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        CHECK_ERRNO(bind6(socket6(type), "fe80::1234", 0), EINVAL);
        CHECK_ERRNO(connect6(socket6(type), "fe80::1234", 9), EINVAL);
        address.sin6_scope_id = 9999;
        CHECK_ERRNO(bind(socket6(type), any6(&address), sizeof(address)),
                    ENODEV);
        address.sin6_scope_id = if_nametoindex("lo");
        CHECK_ERRNO(bind(socket6(type), any6(&address), sizeof(address)),
                    EADDRNOTAVAIL);
    }
}

TEST(multicast_is_no_stream)
{
    CHECK_ERRNO(bind6(socket6(SOCK_STREAM), "ff02::1", 0), EINVAL);
    CHECK_ERRNO(connect6(socket6(SOCK_STREAM), "ff0e::1", 9), ENETUNREACH);
}

// ---- data over ::1 ----

TEST(tcp_over_loopback)
{
    int listener = listener6("::1", false), client = socket6(SOCK_STREAM);
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);
    char text[8] = "";

    CHECK_OK(connect6(client, "::1", port_of(listener)));
    int server = CHECK_OK(accept(listener, any6(&from), &length));
    CHECK_EQ(length, sizeof(from));
    check_host(&from, "::1");
    CHECK_EQ(ntohs(from.sin6_port), port_of(client));
    struct sockaddr_in6 local = name_of(server), peer = peer_of(client);
    check_host(&local, "::1");
    check_host(&peer, "::1");
    CHECK_EQ(peer.sin6_port, local.sin6_port);
    write_all(client, "there", 5);
    read_all(server, text, 5);
    CHECK_STRING(text, "there");
    write_all(server, "back", 5);
    read_all(client, text, 5);
    CHECK_STRING(text, "back");
}

TEST(tcp_bulk_over_loopback)
{
    static char out[1 << 20], in[sizeof(out)];
    int listener = listener6("::1", false), client = socket6(SOCK_STREAM);

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = i * 7 + i / 251;
    CHECK_OK(connect6(client, "::1", port_of(listener)));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    pid_t child = fork_child();
    if (child == 0) {
        write_all(client, out, sizeof(out));
        _exit(0);
    }
    read_all(server, in, sizeof(in));
    CHECK_MEMORY(in, out, sizeof(in));
    wait_child(child);
}

TEST(tcp_refused)
{
    int fd = socket6(SOCK_STREAM);
    CHECK_OK(bind6(fd, "::1", 0));  // nobody listens there
    CHECK_ERRNO(connect6(socket6(SOCK_STREAM), "::1", port_of(fd)),
                ECONNREFUSED);
}

TEST(udp_over_loopback)
{
    int receiver = socket6(SOCK_DGRAM), sender = socket6(SOCK_DGRAM);
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);
    char text[8] = "";

    CHECK_OK(bind6(receiver, "::1", 0));
    CHECK_EQ(send6(sender, "::1", port_of(receiver), "hello"), 5);
    CHECK_EQ(recvfrom(receiver, text, sizeof(text), 0, any6(&from), &length),
             5);
    CHECK_STRING(text, "hello");
    CHECK_EQ(length, sizeof(from));
    check_host(&from, "::1");
    CHECK_EQ(ntohs(from.sin6_port), port_of(sender));
}

TEST(udp_large)
{
    static char out[65000], in[sizeof(out) + 1];
    int receiver = socket6(SOCK_DGRAM), sender = socket6(SOCK_DGRAM);
    static char huge[65536];

    memset(out, 'x', sizeof(out));
    CHECK_OK(bind6(receiver, "::1", 0));
    CHECK_OK(connect6(sender, "::1", port_of(receiver)));
    CHECK_EQ(send(sender, out, sizeof(out), 0), sizeof(out));
    CHECK_EQ(recv(receiver, in, sizeof(in), 0), sizeof(out));
    CHECK_MEMORY(in, out, sizeof(out));
    CHECK_ERRNO(send(sender, huge, sizeof(huge), 0), EMSGSIZE);
}

TEST(udp_refused)
{
    int fd = socket6(SOCK_DGRAM), closed = socket6(SOCK_DGRAM);
    CHECK_OK(bind6(closed, "::1", 0));
    CHECK_OK(connect6(fd, "::1", port_of(closed)));
    close(closed);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(poll_events(fd, POLLIN, 5000) & POLLERR, POLLERR);
    CHECK_ERRNO(recv(fd, &(char){0}, 1, 0), ECONNREFUSED);
}

TEST(udp_connected_hears_its_peer_only)
{
    int receiver = socket6(SOCK_DGRAM), peer = socket6(SOCK_DGRAM);
    int other = socket6(SOCK_DGRAM);
    char text[8] = "";

    CHECK_OK(bind6(peer, "::1", 0));
    CHECK_OK(bind6(receiver, "::1", 0));
    CHECK_OK(connect6(receiver, "::1", port_of(peer)));
    struct sockaddr_in6 name = peer_of(receiver);
    check_host(&name, "::1");
    CHECK_EQ(send6(other, "::1", port_of(receiver), "other"), 5);
    CHECK_EQ(send6(peer, "::1", port_of(receiver), "peer"), 4);
    CHECK_EQ(recv(receiver, text, sizeof(text), 0), 4);
    CHECK_STRING(text, "peer");
}

TEST(udp_disconnect)
{
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
    int fd = socket6(SOCK_DGRAM);

    CHECK_OK(connect6(fd, "::1", 9));
    struct sockaddr_in6 name = name_of(fd);
    check_host(&name, "::1");
    CHECK_OK(connect(fd, &unspecified, sizeof(unspecified)));
    name = name_of(fd);
    check_host(&name, "::");
    CHECK_EQ(name.sin6_port, 0);
    CHECK_OK(connect6(fd, "::ffff:127.0.0.1", 9));
    name = name_of(fd);
    check_host(&name, "::ffff:127.0.0.1");
}

TEST(any_is_loopback)
{
    int listener = listener6("::", false), client = socket6(SOCK_STREAM);
    CHECK_OK(connect6(client, "::", port_of(listener)));
    struct sockaddr_in6 name = peer_of(client);
    check_host(&name, "::1");
}

// ---- IPv4 through AF_INET6 ----

TEST(dual_listener_takes_both)
{
    int listener = listener6("::", false);
    struct sockaddr_in address = loopback(port_of(listener));
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);

    int client = CHECK_OK(tcp_connect(&address));
    int server = CHECK_OK(accept(listener, any6(&from), &length));
    check_host(&from, "::ffff:127.0.0.1");
    CHECK_EQ(ntohs(from.sin6_port), socket_port(client));
    struct sockaddr_in6 local = name_of(server);
    check_host(&local, "::ffff:127.0.0.1");
    close(client);
    client = socket6(SOCK_STREAM);
    CHECK_OK(connect6(client, "::1", port_of(listener)));
    length = sizeof(from);
    CHECK_OK(accept(listener, any6(&from), &length));
    check_host(&from, "::1");
}

TEST(v6_only_listener_takes_one)
{
    int listener = listener6("::", true);
    struct sockaddr_in address = loopback(port_of(listener));
    int client = tcp_socket();

    CHECK_ERRNO(connect(client, any(&address), sizeof(address)), ECONNREFUSED);
    CHECK_OK(connect6(socket6(SOCK_STREAM), "::1", port_of(listener)));
}

TEST(mapped_connect)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 4), client = socket6(SOCK_STREAM);
    struct sockaddr_in from;
    socklen_t length = sizeof(from);

    CHECK_OK(connect6(client, "::ffff:127.0.0.1", ntohs(address.sin_port)));
    CHECK_OK(accept(listener, any(&from), &length));
    CHECK_EQ(from.sin_family, AF_INET);
    CHECK_EQ(ntohs(from.sin_port), port_of(client));
    struct sockaddr_in6 local = name_of(client), peer = peer_of(client);
    check_host(&local, "::ffff:127.0.0.1");
    check_host(&peer, "::ffff:127.0.0.1");
}

TEST(mapped_datagrams)
{
    struct sockaddr_in address;
    int receiver = udp_bound(&address), sender = socket6(SOCK_DGRAM);
    struct sockaddr_in from4;
    struct sockaddr_in6 from6;
    socklen_t length = sizeof(from4);
    char text[8] = "";

    CHECK_EQ(send6(sender, "::ffff:127.0.0.1", ntohs(address.sin_port), "one"),
             3);
    CHECK_EQ(recvfrom(receiver, text, sizeof(text), 0, any(&from4), &length),
             3);
    CHECK_EQ(ntohs(from4.sin_port), port_of(sender));
    CHECK_EQ(sendto(receiver, "two", 3, 0, any(&from4), length), 3);
    length = sizeof(from6);
    CHECK_EQ(recvfrom(sender, text, sizeof(text), 0, any6(&from6), &length), 3);
    check_host(&from6, "::ffff:127.0.0.1");
    // A struct sockaddr_in will do, too.
    CHECK_EQ(sendto(sender, "three", 5, 0, any(&address), sizeof(address)), 5);
    CHECK_EQ(recv(receiver, text, sizeof(text), 0), 5);
    CHECK_OK(connect(sender, any(&address), sizeof(address)));
    struct sockaddr_in6 peer = peer_of(sender);
    check_host(&peer, "::ffff:127.0.0.1");
}

TEST(v6_only_sends_no_ipv4)
{
    struct sockaddr_in address;
    int receiver = udp_bound(&address), fd = socket6(SOCK_DGRAM);
    int stream = socket6(SOCK_STREAM), port = ntohs(address.sin_port);

    (void)receiver;
    v6_only(fd, 1);
    v6_only(stream, 1);
    CHECK_ERRNO(send6(fd, "::ffff:127.0.0.1", port, "x"), ENETUNREACH);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, any(&address), sizeof(address)),
                ENETUNREACH);
    CHECK_ERRNO(connect6(fd, "::ffff:127.0.0.1", port), ENETUNREACH);
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address)), EAFNOSUPPORT);
    CHECK_ERRNO(connect6(stream, "::ffff:127.0.0.1", port), ENETUNREACH);
    CHECK_ERRNO(bind6(fd, "::ffff:127.0.0.1", 0), EINVAL);
}

TEST(bound_to_ipv4)
{
    int fd = socket6(SOCK_DGRAM), receiver = socket6(SOCK_DGRAM);

    CHECK_OK(bind6(fd, "::ffff:127.0.0.1", 0));
    struct sockaddr_in6 name = name_of(fd);
    check_host(&name, "::ffff:127.0.0.1");
    CHECK_EQ(option6(fd, IPV6_V6ONLY), 0);
    CHECK_OK(bind6(receiver, "::1", 0));
    CHECK_ERRNO(send6(fd, "::1", port_of(receiver), "x"), EAFNOSUPPORT);
    CHECK_ERRNO(connect6(fd, "::1", port_of(receiver)), EAFNOSUPPORT);
    CHECK_OK(connect6(fd, "::", port_of(receiver)));
    name = peer_of(fd);
    check_host(&name, "::ffff:127.0.0.1");
}

// ---- who shares a port ----

TEST(dual_any_is_in_the_way_of_ipv4)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int dual = socket6(type);
        CHECK_OK(bind6(dual, "::", 0));
        int port = port_of(dual);
        int fd = CHECK_OK(socket(AF_INET, type, 0));
        CHECK_ERRNO(bind4(fd, "0.0.0.0", port), EADDRINUSE);
        CHECK_ERRNO(bind4(fd, "127.0.0.1", port), EADDRINUSE);
        CHECK_ERRNO(bind6(socket6(type), "::1", port), EADDRINUSE);
        CHECK_ERRNO(bind6(socket6(type), "::ffff:127.0.0.1", port), EADDRINUSE);
        close(dual);
        CHECK_OK(bind4(fd, "127.0.0.1", port));
        CHECK_ERRNO(bind6(socket6(type), "::", port), EADDRINUSE);
        CHECK_ERRNO(bind6(socket6(type), "::ffff:127.0.0.1", port), EADDRINUSE);
        CHECK_OK(bind6(socket6(type), "::1", port));
    }
}

TEST(v6_only_any_is_not)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int only = socket6(type);
        v6_only(only, 1);
        CHECK_OK(bind6(only, "::", 0));
        int port = port_of(only);
        CHECK_OK(bind4(CHECK_OK(socket(AF_INET, type, 0)), "0.0.0.0", port));
        CHECK_ERRNO(bind6(socket6(type), "::1", port), EADDRINUSE);
        CHECK_ERRNO(bind6(socket6(type), "::", port), EADDRINUSE);
    }
}

// ---- options ----

TEST(v6_only_option)
{
    int fd = socket6(SOCK_STREAM), on = 1;

    CHECK_EQ(option6(fd, IPV6_V6ONLY), 0);
    v6_only(fd, 7);
    CHECK_EQ(option6(fd, IPV6_V6ONLY), 1);
    v6_only(fd, 0);
    CHECK_EQ(option6(fd, IPV6_V6ONLY), 0);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, 1), EINVAL);
    CHECK_OK(bind6(fd, "::", 0));
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)),
                EINVAL);
    CHECK_EQ(option6(fd, IPV6_V6ONLY), 0);
}

TEST(v6_only_by_address)
{
    int fd = socket6(SOCK_STREAM);
    CHECK_OK(bind6(fd, "::1", 0));
    CHECK_EQ(option6(fd, IPV6_V6ONLY), 1);
}

static int set_option6(int fd, int name, int value)
{
    return setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof(value));
}

TEST(hops_and_class)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int fd = socket6(type);

        CHECK_EQ(option6(fd, IPV6_UNICAST_HOPS), 64);
        CHECK_OK(set_option6(fd, IPV6_UNICAST_HOPS, 255));
        CHECK_EQ(option6(fd, IPV6_UNICAST_HOPS), 255);
        CHECK_OK(set_option6(fd, IPV6_UNICAST_HOPS, -1));
        CHECK_EQ(option6(fd, IPV6_UNICAST_HOPS), 64);
        CHECK_ERRNO(set_option6(fd, IPV6_UNICAST_HOPS, 256), EINVAL);
        CHECK_ERRNO(set_option6(fd, IPV6_UNICAST_HOPS, -2), EINVAL);
        CHECK_EQ(option6(fd, IPV6_TCLASS), 0);
        CHECK_OK(set_option6(fd, IPV6_TCLASS, 0x28));
        CHECK_EQ(option6(fd, IPV6_TCLASS), 0x28);
        CHECK_OK(set_option6(fd, IPV6_TCLASS, -1));
        CHECK_EQ(option6(fd, IPV6_TCLASS), 0);
        CHECK_ERRNO(set_option6(fd, IPV6_TCLASS, 256), EINVAL);
        CHECK_ERRNO(set_option6(fd, IPV6_TCLASS, -2), EINVAL);
    }
}

TEST(path_mtu)
{
    int fd = socket6(SOCK_DGRAM), value;
    socklen_t length = sizeof(value);

    CHECK_ERRNO(getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &value, &length),
                ENOTCONN);
    CHECK_OK(connect6(fd, "::1", 9));
    CHECK_BETWEEN(option6(fd, IPV6_MTU), 65535, 65536);
    CHECK_EQ(option6(fd, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_WANT);
    CHECK_OK(set_option6(fd, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO));
    CHECK_EQ(option6(fd, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DO);
    CHECK_ERRNO(set_option6(fd, IPV6_MTU_DISCOVER, -1), EINVAL);
    CHECK_ERRNO(set_option6(fd, IPV6_MTU_DISCOVER, 6), EINVAL);
    CHECK_EQ(option6(fd, IPV6_DONTFRAG), 0);
    CHECK_OK(set_option6(fd, IPV6_DONTFRAG, 5));
    CHECK_EQ(option6(fd, IPV6_DONTFRAG), 1);
}

TEST(levels)
{
    int fd = socket6(SOCK_DGRAM), value = 33;
    socklen_t length = sizeof(value);

    CHECK_ERRNO(set_option6(fd, 250, 1), ENOPROTOOPT);
    CHECK_ERRNO(getsockopt(fd, IPPROTO_IPV6, 250, &value, &length),
                ENOPROTOOPT);
    // IPv4's options are there, for what is sent by IPv4.
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
    value = 0;
    CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_TTL, &value, &length));
    CHECK_EQ(value, 33);
    CHECK_EQ(option6(fd, IPV6_UNICAST_HOPS), 64);
    CHECK_ERRNO(set_option6(udp_socket(), IPV6_V6ONLY, 1), ENOPROTOOPT);
}

// ---- /proc/net ----

TEST(proc_tcp6)
{
    char line[128];
    int listener = listener6("::", false);
    struct sockaddr_in address = loopback(port_of(listener));
    int client = CHECK_OK(tcp_connect(&address));

    snprintf(line, sizeof(line),
             ": 00000000000000000000000000000000:%04X "
             "00000000000000000000000000000000:0000 0A ",
             port_of(listener));
    CHECK(proc_has("tcp6", line));
    snprintf(line, sizeof(line),
             ": 0000000000000000FFFF00000100007F:%04X "
             "0000000000000000FFFF00000100007F:%04X 01 ",
             port_of(listener), socket_port(client));
    CHECK(proc_has("tcp6", line));
    snprintf(line, sizeof(line), ": 0100007F:%04X 0100007F:%04X 01 ",
             socket_port(client), port_of(listener));
    CHECK(proc_has("tcp", line));
}

TEST(proc_udp6)
{
    char line[128];
    int fd = socket6(SOCK_DGRAM);

    CHECK_OK(bind6(fd, "::1", 0));
    snprintf(line, sizeof(line),
             ": 00000000000000000000000001000000:%04X "
             "00000000000000000000000000000000:0000 07 ",
             port_of(fd));
    CHECK(proc_has("udp6", line));
    CHECK(!proc_has("udp", line));
}

TEST(proc_addresses)
{
    char line[64];
    snprintf(line, sizeof(line),
             "00000000000000000000000000000001 %02x 80 10 80       lo\n",
             if_nametoindex("lo"));
    CHECK(proc_has("if_inet6", line));
    CHECK(proc_has("ipv6_route", "00000000000000000000000000000001 80 "));
    CHECK(proc_has("snmp6", "Ip6InReceives"));
    CHECK(proc_has("sockstat6", "TCP6: inuse "));
}
