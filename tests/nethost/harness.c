// SPDX-License-Identifier: MIT
//
// Runs the tests, each in a process of its own, and the steps that they share.

#include "net.h"

#include <fs/proc.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <net/server.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEST_SECONDS 300  // of the host's time

int fork(void);
unsigned alarm(unsigned seconds);
int waitpid(int pid, int *status, int options);
noreturn void _exit(int status);

extern const struct net_test *const __start_net_tests[];
extern const struct net_test *const __stop_net_tests[];

uint64_t seed_argument = 1;
unsigned rounds_argument;
static const struct net_test *running;

// ---- running ----

noreturn void host_fail(const char *format, ...)
{
    va_list arguments;

    printf("# %.6f s: ", clock_monotonic() / 1e9);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    host_print_log(stdout);
    fflush(stdout);
    _exit(1);
}

static void start_network(void)
{
    const struct initcall *call;

    for (unsigned stage = INIT_CORE; stage <= INIT_LATE; stage++) {
        linkset_for_each(call, initcalls) {
            if (call->stage == stage && call->function())
                host_fail("%s fails", call->name);
        }
    }
    if (strcmp(host_ip_argument, "dhcp") == 0)
        return;
    host_sleep(5 * NSEC_PER_SEC);  // duplicate address detection and the like
    struct frame *frame;
    while ((frame = wire_take(clock_monotonic())))
        free(frame);
    mark_event();
}

static void test_main(void)
{
    // Tests of DHCP begin without an address.
    if (strncmp(running->name, "dhcp_", 5) == 0)
        host_ip_argument = "dhcp";
    start_network();
    running->function();
}

static bool passes(const struct net_test *test)
{
    int status, pid;

    running = test;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(TEST_SECONDS);
        host_run(test_main);
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status == 0;
}

static int in_order(const void *a, const void *b)
{
    const struct net_test *one = *(const struct net_test *const *)a;
    const struct net_test *other = *(const struct net_test *const *)b;
    int files = strcmp(one->file, other->file);

    return files ? files : one->line - other->line;
}

// "tcp_open/connect"
static const char *full_name(const struct net_test *test)
{
    static char name[80];
    const char *file = strrchr(test->file, '/') + 1;

    snprintf(name, sizeof(name), "%.*s/%s", (int)strcspn(file, "."), file,
             test->name);
    return name;
}

static const char *parse_arguments(int argc, char **argv)
{
    const char *only = "";

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
            seed_argument = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            rounds_argument = strtoul(argv[++i], NULL, 0);
        else
            only = argv[i];
    }
    return only;
}

// nethost [-s SEED] [-n ROUNDS] [PART OF A NAME]
int main(int argc, char **argv)
{
    size_t count = __stop_net_tests - __start_net_tests;
    const char *only = parse_arguments(argc, argv);
    const struct net_test *tests[count];
    unsigned number = 0, failed = 0;

    memcpy(tests, __start_net_tests, sizeof(tests));
    qsort(tests, count, sizeof(tests[0]), in_order);
    for (size_t i = 0; i < count; i++) {
        const char *name = full_name(tests[i]);
        if (!strstr(name, only))
            continue;
        bool ok = passes(tests[i]);
        failed += !ok;
        printf("%sok %u - %s\n", ok ? "" : "not ", ++number, name);
        if (!ok)
            printf("# reproduce: %s -s %lu -n %u %s\n", argv[0],
                   (unsigned long)seed_argument, rounds_argument, name);
    }
    return failed || !number;
}

// ---- steps ----

struct abi_address address_of(uint32_t ip, uint16_t port)
{
    struct abi_address address = {.family = AF_INET};

    put16(address.port, port);
    put32(address.ip, ip);
    return address;
}

int guest_socket(int type)
{
    return CHECK_OK(sys_socket(AF_INET, type | SOCK_NONBLOCK, 0));
}

static const char *with_options(const char *format, const char *options)
{
    static char text[200];

    snprintf(text, sizeof(text), format, options ? options : "<mss 1460>");
    return text;
}

int guest_connected(const char *options)
{
    struct abi_address peer = address_of(flow.peer_ip, flow.peer_port);
    int fd = guest_socket(SOCK_STREAM);

    flow.guest_known = false;
    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    mark_event();
    expect_now("S 0:0(0)");
    inject(with_options("S. 0:0(0) ack 1 win 65535 %s", options));
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_error(fd), 0);
    return fd;
}

int guest_listener(int backlog)
{
    struct abi_address local = address_of(0, GUEST_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_OK(sys_bind(fd, (uaddr)&local, sizeof(local)));
    CHECK_OK(sys_listen(fd, backlog));
    return fd;
}

int guest_accepted(int listener, const char *options)
{
    flow.guest_known = false;
    flow.guest_port = GUEST_PORT;
    inject(with_options("S 0:0(0) win 65535 %s", options));
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    host_sleep(1);
    return CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
}

void guest_write(int fd, size_t place, size_t n)
{
    uint8_t *data = malloc(n);

    for (size_t i = 0; i < n; i++)
        data[i] = pattern(place + i);
    CHECK_EQ(sys_write(fd, (uaddr)data, n), n);
    free(data);
    mark_event();
}

void guest_read(int fd, size_t place, size_t n)
{
    uint8_t *data = malloc(n + 1);
    size_t done = 0;

    while (done < n) {
        long more = sys_read(fd, (uaddr)(data + done), n - done);
        if (more <= 0)
            host_fail("read: %ld after %zu of %zu bytes", more, done, n);
        done += more;
    }
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(data[i], pattern(place + i));
    free(data);
    mark_event();
}

long guest_read_result(int fd)
{
    char byte;

    return sys_read(fd, (uaddr)&byte, 1);
}

int guest_error(int fd)
{
    int error = -1, length = sizeof(error);

    host_sleep(1);  // what was injected at this moment has arrived
    CHECK_OK(sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, (uaddr)&error,
                            (uaddr)&length));
    return error;
}

void guest_set(int fd, int level, int name, int value)
{
    CHECK_OK(sys_setsockopt(fd, level, name, (uaddr)&value, sizeof(value)));
}

unsigned guest_poll(int fd)
{
    struct abi_pollfd poll = {.fd = fd, .events = 0x3fff};
    struct {
        long sec, nsec;
    } zero = {0, 0};

    host_sleep(1);
    CHECK_OK(sys_ppoll((uaddr)&poll, 1, (uaddr)&zero, 0, 0));
    return poll.revents;
}

const char *guest_proc(const char *path)
{
    const struct proc_file *file;
    static char line[16 * KiB];
    struct text text = {0};

    linkset_for_each(file, proc_files) {
        if (strcmp(file->path, path) != 0)
            continue;
        file->show(&text);
        snprintf(line, sizeof(line), "%.*s", (int)text.length, text.data);
        kfree(text.data);
        return line;
    }
    host_fail("/proc/%s is not there", path);
}
