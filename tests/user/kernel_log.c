// SPDX-License-Identifier: MIT
//
// The kernel log, what is traced into it, and what else one thread may ask of
// the kernel about itself (prctl).
#include "harness.h"

#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define READ_ALL    3
#define SIZE_BUFFER 10
#define TRACE       "/proc/sys/kernel/trace"

static char *log_text(void)
{
    static char text[1 << 17];
    int n = klogctl(READ_ALL, text, sizeof(text) - 1);
    if (n == -1 && !on_wharf())
        skip("not allowed here");
    CHECK(n > 0);
    text[n] = '\0';
    return text;
}

TEST(log_is_read)
{
    if (!on_wharf())
        skip("of Wharf's log");
    CHECK(strstr(log_text(), "Wharf") != NULL);
    CHECK(klogctl(SIZE_BUFFER, NULL, 0) >= 16384);
    CHECK_ERRNO(klogctl(READ_ALL, NULL, 10), EINVAL);
    CHECK_ERRNO(klogctl(READ_ALL, log_text(), -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_syslog, READ_ALL, bad_pointer(), 4096), EFAULT);
    CHECK_ERRNO(klogctl(77, NULL, 0), EINVAL);
}

// Trace this process alone while it makes some calls.
TEST(trace_of_one_process)
{
    char choice[64], wanted[128];
    if (!on_wharf())
        skip("Wharf's own tracing");
    CHECK_STRING(read_file(TRACE), "off\n");
    snprintf(choice, sizeof(choice), "pid=%d", getpid());
    write_file(TRACE, choice);
    snprintf(choice, sizeof(choice), "syscalls pid=%d\n", getpid());
    CHECK_STRING(read_file(TRACE), choice);
    CHECK_ERRNO(open("/no/such/file", O_RDONLY), ENOENT);
    CHECK_ERRNO(close(-1), EBADF);
    write_file(TRACE, "off");
    char *text = log_text();
    snprintf(wanted, sizeof(wanted),
             "[%d] openat(AT_FDCWD, \"/no/such/file\", O_RDONLY", getpid());
    CHECK(strstr(text, wanted) != NULL);
    CHECK(strstr(text, ") = -ENOENT") != NULL);
    snprintf(wanted, sizeof(wanted), "[%d] close(-1) = -EBADF", getpid());
    CHECK(strstr(text, wanted) != NULL);
    // Nobody else.
    snprintf(wanted, sizeof(wanted), "[%d] ", getppid());
    CHECK(strstr(text, wanted) == NULL);
}

TEST(trace_choices)
{
    if (!on_wharf())
        skip("Wharf's own tracing");
    int fd = CHECK_OK(open(TRACE, O_WRONLY));
    CHECK_ERRNO(write(fd, "nonsense", 8), EINVAL);
    write_file(TRACE, "sched,sockets");
    CHECK_STRING(read_file(TRACE), "sched sockets\n");
    write_file(TRACE, "off\n");
    CHECK_STRING(read_file(TRACE), "off\n");
}

TEST(name_of_a_thread)
{
    char name[16] = "";
    CHECK_OK(prctl(PR_SET_NAME, "a name that is too long"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STRING(name, "a name that is ");
    CHECK_ERRNO(prctl(PR_SET_NAME, bad_pointer()), EFAULT);
    CHECK_ERRNO(prctl(PR_GET_NAME, bad_pointer()), EFAULT);
    CHECK_ERRNO(prctl(12345, 0, 0, 0, 0), EINVAL);
}

TEST(signal_at_the_parents_end)
{
    int number = -1, ends[2];
    char byte;
    CHECK_OK(pipe(ends));
    pid_t parent = fork_child();
    if (parent == 0) {
        if (fork_child() == 0) {
            catch_signal(SIGUSR1, 0);
            CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
            write_all(ends[1], "r", 1);
            while (!signals_caught)
                pause_ms(5);
            write_all(ends[1], "s", 1);
            _exit(0);
        }
        read_all(ends[0], &byte, 1);
        _exit(0);
    }
    wait_child(parent);
    CHECK_EQ(poll_events(ends[0], POLLIN, 5000), POLLIN);
    read_all(ends[0], &byte, 1);
    CHECK_EQ(byte, 's');
    CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGTERM));
    CHECK_OK(prctl(PR_GET_PDEATHSIG, &number));
    CHECK_EQ(number, SIGTERM);
    CHECK_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
}
