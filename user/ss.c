// SPDX-License-Identifier: MIT
//
// ss [-altuxp]: sockets, from /proc/net/{tcp,tcp6,udp,udp6,unix} (proc(5)).
// Without options those that are connected; -l those that listen, -a all; -t,
// -u, -x only TCP, UDP, Unix. -p adds the process that holds the socket.
// Addresses are always shown as numbers, so -n changes nothing.

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The states of a TCP socket, as numbered in /proc/net/tcp.
static const char *const states[] = {
    "?",         "ESTAB",  "SYN-SENT",   "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",
    "TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN",     "CLOSING",
};

enum {
    ESTABLISHED = 1,
    UNCONNECTED = 7,
    LISTEN = 10
};

static bool all, listening, processes;

static bool is_wanted(unsigned state)
{
    bool passive = state == LISTEN || state == UNCONNECTED;

    return all || passive == listening;
}

// Prints who has a descriptor of the socket: /proc/PID/fd/N is a link to
// socket:[inode].
static void print_process(int pid, unsigned long inode)
{
    char folder[64], path[384], link[64], wanted[64];
    struct dirent *entry;
    ssize_t length;
    DIR *fds;

    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    snprintf(folder, sizeof(folder), "/proc/%d/fd", pid);
    fds = opendir(folder);
    while (fds && (entry = readdir(fds))) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        length = readlink(path, link, sizeof(link) - 1);
        if (length < 0)
            continue;
        link[length] = '\0';
        if (strcmp(link, wanted) == 0)
            printf(" pid=%d,fd=%s", pid, entry->d_name);
    }
    if (fds)
        closedir(fds);
}

static void print_processes(unsigned long inode)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    while (proc && inode > 0 && (entry = readdir(proc))) {
        if (isdigit((unsigned char)entry->d_name[0]))
            print_process(atoi(entry->d_name), inode);
    }
    if (proc)
        closedir(proc);
}

// The file has an address as 32-bit numbers in the machine's byte order: one,
// or four of IPv6.
static void format_address(char *text, size_t size, const char *digits,
                           unsigned port)
{
    uint32_t words[4] = {0};
    int count = strlen(digits) / 8, any = 1;
    char address[INET6_ADDRSTRLEN];

    for (int i = 0; i < count && i < 4; i++) {
        sscanf(digits + 8 * i, "%8" SCNx32, &words[i]);
        any &= words[i] == 0;
    }
    inet_ntop(count == 4 ? AF_INET6 : AF_INET, words, address, sizeof(address));
    if (count == 4)
        snprintf(text, size, port ? "[%s]:%u" : "[%s]:*", address, port);
    else
        snprintf(text, size, port ? "%s:%u" : "%s:*", any ? "*" : address,
                 port);
}

static void print_internet_line(const char *protocol, const char *line)
{
    char local[33], remote[33];
    unsigned local_port, remote_port, state;
    unsigned long sending, receiving, inode;
    char from[64], to[64];

    if (sscanf(line,
               " %*d: %32[^:]:%x %32[^:]:%x %x %lx:%lx %*x:%*x %*x %*u %*u %lu",
               local, &local_port, remote, &remote_port, &state, &sending,
               &receiving, &inode) != 8 ||
        state >= sizeof(states) / sizeof(states[0]) || !is_wanted(state))
        return;
    format_address(from, sizeof(from), local, local_port);
    format_address(to, sizeof(to), remote, remote_port);
    printf("%-5s %-10s %6lu %6lu %21s %21s", protocol, states[state], receiving,
           sending, from, to);
    if (processes)
        print_processes(inode);
    putchar('\n');
}

static void print_internet(const char *protocol, const char *version)
{
    char path[64], line[512];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/net/%s%s", protocol, version);
    file = fopen(path, "r");
    if (!file && errno == ENOENT && *version)
        return;  // no IPv6 here
    if (!file)
        err(1, "%s", path);
    while (fgets(line, sizeof(line), file))
        print_internet_line(protocol, line);
    fclose(file);
}

// Num RefCount Protocol Flags Type St Inode Path
static void print_unix(void)
{
    static const char *const types[] = {"?", "str", "dgr", "raw", "rdm", "seq"};
    FILE *file = fopen("/proc/net/unix", "r");
    char line[512];

    if (!file)
        err(1, "/proc/net/unix");
    while (fgets(line, sizeof(line), file)) {
        char path[256] = "*";
        unsigned flags, type, state;
        unsigned long inode;
        bool connected;

        if (sscanf(line, "%*x: %*x %*x %x %x %x %lu %255[^\n]", &flags, &type,
                   &state, &inode, path) < 4 ||
            type > 5)
            continue;
        connected = state == 3;
        if (!all && connected == listening)
            continue;
        printf("u_%-3s %-10s %6d %6d %21s %21lu", types[type],
               flags & 0x10000 ? "LISTEN"
               : connected     ? "ESTAB"
                               : "UNCONN",
               0, 0, path, inode);
        if (processes)
            print_processes(inode);
        putchar('\n');
    }
    fclose(file);
}

int main(int argc, char *argv[])
{
    bool tcp = false, udp = false, local = false;
    int option;

    while ((option = getopt(argc, argv, "alnptux")) != -1) {
        if (option == '?')
            return 2;
        all |= option == 'a';
        listening |= option == 'l';
        processes |= option == 'p';
        tcp |= option == 't';
        udp |= option == 'u';
        local |= option == 'x';
    }
    if (!tcp && !udp && !local)
        tcp = udp = local = true;
    printf("%-5s %-10s %6s %6s %21s %21s\n", "NETID", "STATE", "RECV-Q",
           "SEND-Q", "LOCAL", "PEER");
    if (tcp) {
        print_internet("tcp", "");
        print_internet("tcp", "6");
    }
    if (udp) {
        print_internet("udp", "");
        print_internet("udp", "6");
    }
    if (local)
        print_unix();
    return 0;
}
