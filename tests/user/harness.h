// SPDX-License-Identifier: MIT
//
// What a test file needs. A file holds one subject; every TEST in it puts
// itself into the table that harness.c runs, as suite/name, where the suite is
// the file's name. Each test runs in a process of its own, with a time limit.
//
// The same files are built for Linux, where they must pass too: that is how
// the expectations are checked.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// A test's row in the table.
struct test {
    const char *file;  // its source file, which names the suite
    const char *name;  // its name within the suite
    int line;          // orders the tests of a file
    int seconds;       // how long it may take
    void (*function)(void);
};

#define TEST_SECONDS(id, limit)                                          \
    static void test_##id(void);                                         \
    static const struct test row_##id = {__FILE__, #id, __LINE__, limit, \
                                         test_##id};                     \
    static const struct test *const entry_##id                           \
        __attribute__((used, section("tests"))) = &row_##id;             \
    static void test_##id(void)

#define TEST(id) TEST_SECONDS(id, 20)

// Ends the test. May be called from a child process or another thread of it.
_Noreturn void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Ends the test as passed but not run here. For what Linux on the host cannot
// offer; never for what the kernel under test lacks.
_Noreturn void skip(const char *why);

#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(expression)                     \
    do {                                      \
        if (!(expression))                    \
            FAIL("%s is false", #expression); \
    } while (0)

// Integers are equal.
#define CHECK_EQ(got, wanted)                                             \
    do {                                                                  \
        long long got_ = (long long)(got), wanted_ = (long long)(wanted); \
        if (got_ != wanted_)                                              \
            FAIL("%s (got %lld, wanted %lld)", #got, got_, wanted_);      \
    } while (0)

// An integer lies within [low, high].
#define CHECK_BETWEEN(got, low, high)                            \
    do {                                                         \
        long long got_ = (long long)(got);                       \
        if (got_ < (long long)(low) || got_ > (long long)(high)) \
            FAIL("%s (got %lld, wanted %lld..%lld)", #got, got_, \
                 (long long)(low), (long long)(high));           \
    } while (0)

// A call succeeds; the value of the expression is what it returned.
#define CHECK_OK(call)                                                   \
    ({                                                                   \
        long result_ = (long)(call);                                     \
        if (result_ == -1)                                               \
            FAIL("%s (got %s, wanted success)", #call, strerror(errno)); \
        result_;                                                         \
    })

// A call returns -1 with this errno.
#define CHECK_ERRNO(call, wanted)                                             \
    do {                                                                      \
        errno = 0;                                                            \
        long result_ = (long)(call);                                          \
        int errno_ = errno;                                                   \
        if (result_ != -1)                                                    \
            FAIL("%s (got %ld, wanted %s)", #call, result_, #wanted);         \
        if (errno_ != (wanted))                                               \
            FAIL("%s (got %s, wanted %s)", #call, strerror(errno_), #wanted); \
    } while (0)

#define CHECK_STRING(got, wanted)                                        \
    do {                                                                 \
        const char *got_ = (got), *wanted_ = (wanted);                   \
        if (strcmp(got_, wanted_) != 0)                                  \
            FAIL("%s (got \"%s\", wanted \"%s\")", #got, got_, wanted_); \
    } while (0)

#define CHECK_MEMORY(got, wanted, length)              \
    do {                                               \
        if (memcmp(got, wanted, length) != 0)          \
            FAIL("%s differs from %s", #got, #wanted); \
    } while (0)

// The seed of whatever a test makes random; -s sets it, failures print it.
extern unsigned random_seed;

// Becomes this program again, in the role that helpers.c gives the name, with
// the arguments that follow, a NULL at the end.
_Noreturn void exec_helper(const char *name, ...);
extern const char *program_path;
int probe(int argc, char **argv);  // in probe.c
int churn(int argc, char **argv);
int connections(int argc, char **argv);  // in connections.c
int exhaust(int argc, char **argv);      // in exhaust.c
int capture(int argc, char **argv);      // in frames.c
int inject(int argc, char **argv);
int run_helper(int argc, char **argv);  // in helpers.c; argv[0] is the name

// True in a Wharf guest, false on the Linux that checks the expectations. For
// the few promises in which Wharf goes further than Linux.
bool on_wharf(void);

// An address that no process has mapped, below the user's address limit.
void *bad_pointer(void);

// Monotonic milliseconds, and this process's processor time in milliseconds.
long long now_ms(void);
long long cpu_ms(void);

// Children and sleeping.
pid_t fork_child(void);           // fork; a failure ends the test
void wait_child(pid_t child);     // reaps it; it must have exited with 0
void wait_asleep(pid_t task);     // until a process or thread sleeps in a call
void pause_ms(int milliseconds);  // lets time pass that a test must measure

// Installs a handler that counts into signals_caught.
extern volatile sig_atomic_t signals_caught;
void catch_signal(int number, int flags);
// SIGALRM every so often, caught without SA_RESTART; 0 stops it.
void interrupt_every_ms(int milliseconds);
void ignore_sigpipe(void);

// Files. A file name for this test alone under /tmp; contents as a string.
const char *temporary_name(const char *suffix);
void write_file(const char *path, const char *text);
char *read_file(const char *path);  // static buffer of 64 KiB
void write_all(int fd, const void *data, size_t length);
void read_all(int fd, void *data, size_t length);
void set_nonblocking(int fd);
int poll_events(int fd, int events, int timeout_ms);  // returned events or 0
int lowest_free_fd(void);

// Sockets on 127.0.0.1.
struct sockaddr_in loopback(int port);
struct sockaddr *any(struct sockaddr_in *address);  // the cast, once
int socket_port(int fd);                            // local port
int tcp_socket(void);
int udp_socket(void);
int tcp_listener(struct sockaddr_in *address, int backlog);
int tcp_connect(const struct sockaddr_in *address);
void tcp_pair(int pair[2]);  // [0] connected, [1] accepted
int udp_bound(struct sockaddr_in *address);
void udp_pair(int pair[2]);  // each connected to the other
// A loopback port with nobody behind it.
struct sockaddr_in unused_port(int type);
