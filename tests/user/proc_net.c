// SPDX-License-Identifier: MIT
//
// /proc/net: Linux's columns, and values that follow what sockets do.
#include "harness.h"

#include <sys/stat.h>

static unsigned long inode(int fd)
{
    struct stat status;
    CHECK_OK(fstat(fd, &status));
    return status.st_ino;
}

// One row of /proc/net/tcp or /proc/net/udp.
struct row {
    unsigned local_address, local_port, peer_address, peer_port, state;
    unsigned send_queue, receive_queue, uid;
    unsigned long inode;
};

// Finds the row whose local port this is (and state, unless 0).
static bool find_row(const char *path, int port, unsigned state,
                     struct row *row)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "r");

    CHECK(file != NULL);
    while (!found && fgets(line, sizeof(line), file)) {
        int fields =
            sscanf(line,
                   " %*u: %8X:%4X %8X:%4X %2X %8X:%8X %*x:%*x %*x "
                   "%u %*u %lu",
                   &row->local_address, &row->local_port, &row->peer_address,
                   &row->peer_port, &row->state, &row->send_queue,
                   &row->receive_queue, &row->uid, &row->inode);
        found = fields == 9 && row->local_port == (unsigned)port &&
                (state == 0 || row->state == state);
    }
    fclose(file);
    return found;
}

// The number behind a word in the line that begins with a prefix.
static long sockstat(const char *prefix, const char *word)
{
    char *line = strstr(read_file("/proc/net/sockstat"), prefix);
    CHECK(line != NULL);
    line[strcspn(line, "\n")] = '\0';
    char *found = strstr(line, word);
    CHECK(found != NULL);
    return atol(found + strlen(word));
}

// A counter of /proc/net/snmp: line of names, then line of values.
static long snmp(const char *protocol, const char *counter)
{
    char prefix[16];
    snprintf(prefix, sizeof(prefix), "%s: ", protocol);
    char *names = strstr(read_file("/proc/net/snmp"), prefix);
    CHECK(names != NULL);
    char *values = strchr(names, '\n');
    CHECK(values != NULL);
    *values++ = '\0';
    CHECK(strncmp(values, prefix, strlen(prefix)) == 0);
    values[strcspn(values, "\n")] = '\0';
    char *name_state, *value_state;
    char *name = strtok_r(names, " ", &name_state);
    char *value = strtok_r(values, " ", &value_state);
    while (name && value) {
        if (strcmp(name, counter) == 0)
            return atol(value);
        name = strtok_r(NULL, " ", &name_state);
        value = strtok_r(NULL, " ", &value_state);
    }
    FAIL("%s %s is missing", protocol, counter);
}

static void first_line_is(const char *path, const char *wanted)
{
    char *text = read_file(path);
    text[strcspn(text, "\n")] = '\0';
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ')  // Linux pads some
        text[--length] = '\0';
    CHECK_STRING(text, wanted);
}

TEST(headings)
{
    first_line_is("/proc/net/tcp",
                  "  sl  local_address rem_address   st tx_queue rx_queue tr "
                  "tm->when retrnsmt   uid  timeout inode");
    first_line_is("/proc/net/udp",
                  "   sl  local_address rem_address   st tx_queue rx_queue "
                  "tr tm->when retrnsmt   uid  timeout inode ref pointer "
                  "drops");
    first_line_is("/proc/net/arp", "IP address       HW type     Flags       "
                                   "HW address            Mask     Device");
    first_line_is("/proc/net/route",
                  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
                  "Mask\t\tMTU\tWindow\tIRTT");
    first_line_is("/proc/net/dev", "Inter-|   Receive                         "
                                   "                       |  Transmit");
}

TEST(listener)
{
    struct sockaddr_in address;
    struct row row;
    int fd = tcp_listener(&address, 1);
    CHECK(find_row("/proc/net/tcp", ntohs(address.sin_port), 0, &row));
    CHECK_EQ(row.state, 0x0a);
    CHECK_EQ(row.local_address, 0x0100007f);  // as in memory, little endian
    CHECK_EQ(row.peer_address, 0);
    CHECK_EQ(row.peer_port, 0);
    CHECK_EQ(row.uid, getuid());
    CHECK_EQ(row.inode, inode(fd));
    CHECK_OK(close(fd));
    CHECK(!find_row("/proc/net/tcp", ntohs(address.sin_port), 0, &row));
}

TEST(listener_shows_its_queue)
{
    struct sockaddr_in address;
    struct row row;
    tcp_listener(&address, 5);
    tcp_connect(&address);
    tcp_connect(&address);
    CHECK(find_row("/proc/net/tcp", ntohs(address.sin_port), 0x0a, &row));
    CHECK_EQ(row.receive_queue, 2);
}

TEST(connection)
{
    struct row row;
    int pair[2];
    tcp_pair(pair);
    int port = socket_port(pair[0]);
    CHECK(find_row("/proc/net/tcp", port, 0, &row));
    CHECK_EQ(row.state, 1);
    CHECK_EQ(row.peer_port, socket_port(pair[1]));
    CHECK_EQ(row.peer_address, 0x0100007f);
    CHECK_EQ(row.inode, inode(pair[0]));
    CHECK(find_row("/proc/net/tcp", socket_port(pair[1]), 1, &row));
    CHECK_EQ(row.peer_port, port);
    CHECK_EQ(row.inode, inode(pair[1]));
}

TEST(unread_data)
{
    struct row row;
    int pair[2];
    tcp_pair(pair);
    write_all(pair[0], "12345678", 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK(find_row("/proc/net/tcp", socket_port(pair[1]), 1, &row));
    CHECK_EQ(row.receive_queue, 8);
}

TEST(states_of_a_close)
{
    struct row row;
    int pair[2];
    tcp_pair(pair);
    int port = socket_port(pair[0]), peer = socket_port(pair[1]);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(poll_events(pair[1], POLLRDHUP, 5000), POLLRDHUP);
    CHECK(find_row("/proc/net/tcp", peer, 0, &row));
    CHECK_EQ(row.state, 8);  // CLOSE_WAIT
    CHECK(find_row("/proc/net/tcp", port, 0, &row));
    CHECK_BETWEEN(row.state, 4, 5);  // FIN_WAIT1, FIN_WAIT2
    CHECK_OK(close(pair[1]));
    CHECK(poll_events(pair[0], 0, 5000) & POLLHUP);
    CHECK_OK(close(pair[0]));
    CHECK(find_row("/proc/net/tcp", port, 0, &row));
    CHECK_EQ(row.state, 6);  // TIME_WAIT
    CHECK_EQ(row.inode, 0);
}

TEST(syn_sent)
{
    struct sockaddr_in address;
    struct row row;
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    tcp_listener(&address, 0);
    tcp_connect(&address);
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address)), EINPROGRESS);
    CHECK(find_row("/proc/net/tcp", socket_port(fd), 0, &row));
    CHECK_EQ(row.state, 2);
}

TEST(udp_row)
{
    struct sockaddr_in address;
    struct row row;
    int pair[2], fd = udp_bound(&address);
    CHECK(find_row("/proc/net/udp", ntohs(address.sin_port), 0, &row));
    CHECK_EQ(row.state, 7);
    CHECK_EQ(row.inode, inode(fd));
    udp_pair(pair);
    CHECK(find_row("/proc/net/udp", socket_port(pair[0]), 0, &row));
    CHECK_EQ(row.state, 1);
    CHECK_EQ(row.peer_port, socket_port(pair[1]));
}

TEST(many_rows)
{
    struct sockaddr_in addresses[60];
    struct row row;
    for (int i = 0; i < 60; i++)
        tcp_listener(&addresses[i], 1);
    for (int i = 0; i < 60; i++)
        CHECK(find_row("/proc/net/tcp", ntohs(addresses[i].sin_port), 0x0a,
                       &row));
}

TEST(sockstat_counts)
{
    struct sockaddr_in address;
    long used = sockstat("sockets:", "used ");
    long tcp = sockstat("TCP:", "inuse "), udp = sockstat("UDP:", "inuse ");
    int fd = tcp_listener(&address, 1);
    udp_bound(&address);
    CHECK_EQ(sockstat("sockets:", "used "), used + 2);
    CHECK_EQ(sockstat("TCP:", "inuse "), tcp + 1);
    CHECK_EQ(sockstat("UDP:", "inuse "), udp + 1);
    CHECK_OK(close(fd));
    CHECK_EQ(sockstat("TCP:", "inuse "), tcp);
}

TEST(sockstat_words)
{
    CHECK(sockstat("TCP:", "orphan ") >= 0);
    CHECK(sockstat("TCP:", "tw ") >= 0);
    CHECK(sockstat("TCP:", "alloc ") >= 0);
    CHECK(sockstat("TCP:", "mem ") >= 0);
    CHECK(sockstat("UDP:", "mem ") >= 0);
}

TEST(snmp_counts)
{
    struct sockaddr_in dead = unused_port(SOCK_STREAM);
    int pair[2];
    char byte;

    long active = snmp("Tcp", "ActiveOpens");
    long passive = snmp("Tcp", "PassiveOpens");
    long failed = snmp("Tcp", "AttemptFails");
    long sent = snmp("Udp", "OutDatagrams");
    long received = snmp("Udp", "InDatagrams");
    tcp_pair(pair);
    CHECK(connect(tcp_socket(), any(&dead), sizeof(dead)) == -1);
    CHECK_EQ(snmp("Tcp", "ActiveOpens"), active + 2);
    CHECK_EQ(snmp("Tcp", "PassiveOpens"), passive + 1);
    CHECK_EQ(snmp("Tcp", "AttemptFails"), failed + 1);
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
    CHECK(snmp("Udp", "OutDatagrams") > sent);
    CHECK(snmp("Udp", "InDatagrams") > received);
}

TEST(snmp_established)
{
    int pair[2];
    long before = snmp("Tcp", "CurrEstab");
    tcp_pair(pair);
    CHECK_EQ(snmp("Tcp", "CurrEstab"), before + 2);
}

TEST(snmp_protocols)
{
    CHECK(snmp("Ip", "InReceives") >= 0);
    CHECK(snmp("Ip", "DefaultTTL") == 64);
    CHECK(snmp("Icmp", "InMsgs") >= 0);
    CHECK(snmp("Tcp", "RetransSegs") >= 0);
    CHECK(snmp("Udp", "NoPorts") >= 0);
}

TEST(loopback_device_counts)
{
    unsigned long bytes[2], packets[2];
    int pair[2];

    udp_pair(pair);
    for (int i = 0; i < 2; i++) {
        char *line = strstr(read_file("/proc/net/dev"), " lo:");
        CHECK(line != NULL);
        CHECK_EQ(sscanf(line, " lo: %lu %lu", &bytes[i], &packets[i]), 2);
        CHECK_EQ(send(pair[0], "12345678", 8, 0), 8);
    }
    CHECK(bytes[1] >= bytes[0] + 36);  // 20 IP, 8 UDP, 8 data
    CHECK(packets[1] > packets[0]);
}

TEST(device_has_sixteen_columns)
{
    char *line = strstr(read_file("/proc/net/dev"), " lo:");
    CHECK(line != NULL);
    line[strcspn(line, "\n")] = '\0';
    int columns = 0;
    strtok(line, " :");
    while (strtok(NULL, " ") != NULL)
        columns++;
    CHECK_EQ(columns, 16);
}

TEST(reads_in_small_pieces)
{
    struct sockaddr_in address;
    char all[4096], pieces[4096];
    size_t length = 0;
    tcp_listener(&address, 1);
    int fd = CHECK_OK(open("/proc/net/tcp", O_RDONLY));
    ssize_t whole = CHECK_OK(read(fd, all, sizeof(all)));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    while (length < (size_t)whole &&
           CHECK_OK(read(fd, pieces + length, 1)) == 1)
        length++;
    CHECK_EQ(length, whole);
    CHECK_MEMORY(pieces, all, 150);  // the heading does not change
}
