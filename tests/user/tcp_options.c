// SPDX-License-Identifier: MIT
//
// TCP's options, tcp(7): values that read back, limits, errors. What they do on
// the wire is in tests/nethost/tcp_options.c.
#include "harness.h"

#include <netinet/tcp.h>

static int get(int fd, int name)
{
    int value = -12345;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

static int set(int fd, int name, int value)
{
    return setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static void reads_back(int fd, int name, int value)
{
    CHECK_OK(set(fd, name, value));
    CHECK_EQ(get(fd, name), value);
}

TEST(cork)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, TCP_CORK), 0);
    CHECK_OK(set(fd, TCP_CORK, 7));
    CHECK_EQ(get(fd, TCP_CORK), 1);
    reads_back(fd, TCP_CORK, 0);
}

TEST(syn_count)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, TCP_SYNCNT), 6);
    reads_back(fd, TCP_SYNCNT, 1);
    reads_back(fd, TCP_SYNCNT, 127);
    CHECK_ERRNO(set(fd, TCP_SYNCNT, 0), EINVAL);
    CHECK_ERRNO(set(fd, TCP_SYNCNT, 128), EINVAL);
    CHECK_EQ(get(fd, TCP_SYNCNT), 127);
}

TEST(user_timeout)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, TCP_USER_TIMEOUT), 0);
    reads_back(fd, TCP_USER_TIMEOUT, 1234);
    CHECK_ERRNO(set(fd, TCP_USER_TIMEOUT, -1), EINVAL);
    CHECK_EQ(get(fd, TCP_USER_TIMEOUT), 1234);
}

// Kept as a number of SYN-ACKs, which are sent after 1, 3, 7 ... seconds.
TEST(defer_accept)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, TCP_DEFER_ACCEPT), 0);
    CHECK_OK(set(fd, TCP_DEFER_ACCEPT, 1));
    CHECK_EQ(get(fd, TCP_DEFER_ACCEPT), 1);
    CHECK_OK(set(fd, TCP_DEFER_ACCEPT, 5));
    CHECK_EQ(get(fd, TCP_DEFER_ACCEPT), 7);
    CHECK_OK(set(fd, TCP_DEFER_ACCEPT, -3));
    CHECK_EQ(get(fd, TCP_DEFER_ACCEPT), 0);
}

TEST(defer_accept_waits_for_data)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 5);
    CHECK_OK(set(listener, TCP_DEFER_ACCEPT, 30));
    int fd = tcp_connect(&address);
    CHECK_EQ(poll_events(listener, POLLIN, 100), 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(poll_events(listener, POLLIN, 5000), POLLIN);
    CHECK_OK(accept(listener, NULL, NULL));
}

TEST(linger2)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, TCP_LINGER2), 60);
    reads_back(fd, TCP_LINGER2, 30);
    CHECK_OK(set(fd, TCP_LINGER2, -5));
    CHECK_EQ(get(fd, TCP_LINGER2), -1);
    CHECK_OK(set(fd, TCP_LINGER2, 0));
    CHECK_EQ(get(fd, TCP_LINGER2), 60);
}

TEST(window_clamp)
{
    int fd = tcp_socket();
    reads_back(fd, TCP_WINDOW_CLAMP, 20000);
    CHECK_OK(set(fd, TCP_WINDOW_CLAMP, 10));
    CHECK(get(fd, TCP_WINDOW_CLAMP) > 1000);
    reads_back(fd, TCP_WINDOW_CLAMP, 0);
    CHECK_OK(listen(fd, 1));
    CHECK_ERRNO(set(fd, TCP_WINDOW_CLAMP, 0), EINVAL);
}

TEST(unsent_low_mark)
{
    int fd = tcp_socket();
    reads_back(fd, TCP_NOTSENT_LOWAT, 16384);
    reads_back(fd, TCP_NOTSENT_LOWAT, 0);
}

TEST(quick_acknowledgements)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_EQ(get(pair[0], TCP_QUICKACK), 1);
    CHECK_OK(set(pair[0], TCP_QUICKACK, 0));
    CHECK_EQ(get(pair[0], TCP_QUICKACK), 0);
    CHECK_OK(set(pair[0], TCP_QUICKACK, 1));
    CHECK_EQ(get(pair[0], TCP_QUICKACK), 1);
}

TEST(accept_hands_on)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 5);
    CHECK_OK(set(listener, TCP_USER_TIMEOUT, 4321));
    CHECK_OK(set(listener, TCP_SYNCNT, 3));
    CHECK_OK(set(listener, TCP_CORK, 1));
    tcp_connect(&address);
    int fd = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(get(fd, TCP_USER_TIMEOUT), 4321);
    CHECK_EQ(get(fd, TCP_SYNCNT), 3);
    CHECK_EQ(get(fd, TCP_CORK), 1);
}

// ---- TCP_CONGESTION ----

TEST(congestion_control)
{
    char name[32] = "";
    socklen_t length = sizeof(name);
    int fd = tcp_socket();

    CHECK_OK(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    CHECK_EQ(length, 16);
    CHECK_EQ(strcmp(name, "reno"), 0);
    CHECK_OK(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno\0x", 6));
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonesuch", 8),
                ENOENT);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
    memset(name, 'x', sizeof(name));
    length = 2;
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    CHECK_EQ(length, 2);
    CHECK_EQ(memcmp(name, "rex", 3), 0);
}

// ---- TCP_INFO ----

static struct tcp_info info_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK(length >= 104);
    return info;
}

TEST(info_of_states)
{
    struct sockaddr_in address;
    int pair[2], fd = tcp_socket();
    CHECK_EQ(info_of(fd).tcpi_state, TCP_CLOSE);
    CHECK_EQ(info_of(tcp_listener(&address, 5)).tcpi_state, TCP_LISTEN);
    tcp_pair(pair);
    CHECK_EQ(info_of(pair[0]).tcpi_state, TCP_ESTABLISHED);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(poll_events(pair[0], POLLRDHUP, 5000), POLLRDHUP);
    CHECK_EQ(info_of(pair[0]).tcpi_state, TCP_CLOSE_WAIT);
}

TEST(info_of_a_connection)
{
    int pair[2];
    tcp_pair(pair);
    struct tcp_info info = info_of(pair[0]);
    CHECK(info.tcpi_snd_mss > 500);
    CHECK(info.tcpi_snd_cwnd >= 10);
    CHECK(info.tcpi_rto > 0);
    CHECK_EQ(info.tcpi_unacked, 0);
    CHECK(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
    CHECK(info.tcpi_options & TCPI_OPT_WSCALE);
}

// The user's shorter length is served, a longer one cut.
TEST(info_lengths)
{
    struct tcp_info info;
    int fd = tcp_socket();
    socklen_t length = 5;

    memset(&info, 0xee, sizeof(info));
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(length, 5);
    CHECK_EQ(((unsigned char *)&info)[5], 0xee);
    length = 0;
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(length, 0);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, sizeof(info)),
                ENOPROTOOPT);
}

// ---- what is not there ----

TEST(refused)
{
    static const int names[] = {TCP_FASTOPEN, TCP_MD5SIG, TCP_REPAIR, TCP_ULP};
    int fd = tcp_socket(), value = 1;

    if (!on_wharf())
        skip("Linux has them");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        CHECK_ERRNO(set(fd, names[i], 1), ENOPROTOOPT);
        socklen_t length = sizeof(value);
        CHECK_ERRNO(getsockopt(fd, IPPROTO_TCP, names[i], &value, &length),
                    ENOPROTOOPT);
    }
}
