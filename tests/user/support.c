// SPDX-License-Identifier: MIT
//
// What most tests begin with: children, clocks, files and sockets on
// 127.0.0.1. Everything here ends the test when it cannot do its work.
#include "harness.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

volatile sig_atomic_t signals_caught;

bool on_wharf(void)
{
    return access("/proc/sys/kernel/trace", F_OK) == 0;
}

void *bad_pointer(void)
{
    // Not a constant, so that the compiler does not judge the call.
    static void *volatile pointer = (void *)16;
    return pointer;
}

static long long clock_ms(clockid_t clock)
{
    struct timespec time;
    CHECK_OK(clock_gettime(clock, &time));
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

long long now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

long long cpu_ms(void)
{
    return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

pid_t fork_child(void)
{
    return CHECK_OK(fork());
}

void wait_child(pid_t child)
{
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (status != 0)
        FAIL("child ended with wait status %#x", status);
}

void pause_ms(int milliseconds)
{
    poll(NULL, 0, milliseconds);
}

// State letter of a task, from the field behind the name in /proc/.../stat;
// 0 for a thread where /proc shows processes only.
static char task_state(pid_t task)
{
    char path[64], line[512];

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", task);
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        snprintf(path, sizeof(path), "/proc/%d/stat", task);
        fd = open(path, O_RDONLY);
    }
    if (fd < 0)
        return 0;
    ssize_t length = CHECK_OK(read(fd, line, sizeof(line) - 1));
    close(fd);
    line[length] = '\0';
    char *bracket = strrchr(line, ')');
    CHECK(bracket != NULL && bracket[1] == ' ');
    return bracket[2];
}

void wait_asleep(pid_t task)
{
    long long deadline = now_ms() + 10000;
    int seen = 0;

    // Twice in a row: a task may sleep for a moment on its way to the call.
    while (seen < 2) {
        char state = task_state(task);
        if (state == 0) {
            CHECK_OK(syscall(SYS_tgkill, getpid(), task, 0));  // it is there
            pause_ms(200);
            return;
        }
        seen = state == 'S' ? seen + 1 : 0;
        CHECK(now_ms() < deadline);
        pause_ms(2);
    }
}

static void count_signal(int number)
{
    (void)number;
    signals_caught++;
}

void catch_signal(int number, int flags)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};
    CHECK_OK(sigaction(number, &action, NULL));
}

void interrupt_every_ms(int milliseconds)
{
    struct timeval period = {milliseconds / 1000, milliseconds % 1000 * 1000};
    struct itimerval timer = {period, period};

    catch_signal(SIGALRM, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
}

void ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

const char *temporary_name(const char *suffix)
{
    static char names[8][64];
    static int next;
    char *name = names[next++ % 8];

    mkdir("/tmp", 01777);
    snprintf(name, 64, "/tmp/usertest-%d-%s", getpid(), suffix);
    return name;
}

void write_file(const char *path, const char *text)
{
    int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    write_all(fd, text, strlen(text));
    CHECK_OK(close(fd));
}

char *read_file(const char *path)
{
    static char text[65536];
    size_t length = 0;
    ssize_t count;

    int fd = open(path, O_RDONLY);
    if (fd < 0)
        FAIL("%s: %s", path, strerror(errno));
    while ((count = CHECK_OK(
                read(fd, text + length, sizeof(text) - 1 - length))) > 0)
        length += count;
    text[length] = '\0';
    CHECK_OK(close(fd));
    return text;
}

void write_all(int fd, const void *data, size_t length)
{
    const char *bytes = data;
    while (length > 0) {
        ssize_t count = CHECK_OK(write(fd, bytes, length));
        bytes += count;
        length -= count;
    }
}

void read_all(int fd, void *data, size_t length)
{
    char *bytes = data;
    while (length > 0) {
        ssize_t count = CHECK_OK(read(fd, bytes, length));
        if (count == 0)
            FAIL("end of file with %zu bytes to go", length);
        bytes += count;
        length -= count;
    }
}

void set_nonblocking(int fd)
{
    int flags = CHECK_OK(fcntl(fd, F_GETFL));
    CHECK_OK(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int poll_events(int fd, int events, int timeout_ms)
{
    struct pollfd entry = {.fd = fd, .events = events};
    CHECK_OK(poll(&entry, 1, timeout_ms));
    return entry.revents;
}

int lowest_free_fd(void)
{
    int fd = CHECK_OK(dup(0));
    close(fd);
    return fd;
}

struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return address;
}

struct sockaddr *any(struct sockaddr_in *address)
{
    return (struct sockaddr *)address;
}

int socket_port(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    CHECK_OK(getsockname(fd, any(&address), &length));
    CHECK_EQ(address.sin_family, AF_INET);
    return ntohs(address.sin_port);
}

int tcp_socket(void)
{
    return CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
}

int udp_socket(void)
{
    return CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
}

static void bind_loopback(int fd, struct sockaddr_in *address)
{
    *address = loopback(0);
    CHECK_OK(bind(fd, any(address), sizeof(*address)));
    *address = loopback(socket_port(fd));
}

int tcp_listener(struct sockaddr_in *address, int backlog)
{
    int fd = tcp_socket();
    bind_loopback(fd, address);
    CHECK_OK(listen(fd, backlog));
    return fd;
}

int tcp_connect(const struct sockaddr_in *address)
{
    int fd = tcp_socket();
    CHECK_OK(connect(fd, (const struct sockaddr *)address, sizeof(*address)));
    return fd;
}

void tcp_pair(int pair[2])
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 1);

    pair[0] = tcp_connect(&address);
    pair[1] = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(close(listener));
}

int udp_bound(struct sockaddr_in *address)
{
    int fd = udp_socket();
    bind_loopback(fd, address);
    return fd;
}

void udp_pair(int pair[2])
{
    struct sockaddr_in addresses[2];

    for (int i = 0; i < 2; i++)
        pair[i] = udp_bound(&addresses[i]);
    for (int i = 0; i < 2; i++)
        CHECK_OK(connect(pair[i], any(&addresses[!i]), sizeof(*addresses)));
}

struct sockaddr_in unused_port(int type)
{
    struct sockaddr_in address;
    int fd = CHECK_OK(socket(AF_INET, type, 0));

    bind_loopback(fd, &address);
    CHECK_OK(close(fd));
    return address;
}
