// SPDX-License-Identifier: MIT
//
// Runs the tests of the table, each in a process group of its own, and prints
// TAP. usage: usertests [-l] [-s seed] [suite | suite/name | pattern]...
#include "harness.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <time.h>

extern const struct test *const __start_tests[], *const __stop_tests[];

unsigned random_seed = 1;

static int report_pipe[2];  // a test's failure or skip message, to the runner
const char *program_path;

static void report(char kind, const char *text)
{
    char message[512];
    int length = snprintf(message, sizeof(message), "%c%s", kind, text);
    if (length >= (int)sizeof(message))
        length = sizeof(message) - 1;
    if (write(report_pipe[1], message, length + 1) < 0)
        perror("usertests: report");
}

_Noreturn void fail(const char *file, int line, const char *format, ...)
{
    char what[384], text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    const char *slash = strrchr(file, '/');
    snprintf(text, sizeof(text), "%s:%d: %s", slash ? slash + 1 : file, line,
             what);
    report('F', text);
    _exit(1);
}

_Noreturn void skip(const char *why)
{
    report('S', why);
    _exit(0);
}

_Noreturn void exec_helper(const char *name, ...)
{
    char *arguments[16] = {(char *)program_path, "--helper", (char *)name};
    va_list list;

    va_start(list, name);
    for (int i = 3; (arguments[i] = va_arg(list, char *)) != NULL; i++)
        CHECK(i < 14);
    va_end(list);
    execv(program_path, arguments);
    FAIL("%s: %s", program_path, strerror(errno));
}

// "suite/name" of a test, in a static buffer.
static const char *full_name(const struct test *test)
{
    static char name[128];
    const char *slash = strrchr(test->file, '/');
    const char *base = slash ? slash + 1 : test->file;

    snprintf(name, sizeof(name), "%.*s/%s", (int)strcspn(base, "."), base,
             test->name);
    return name;
}

static int compare_tests(const void *left, const void *right)
{
    const struct test *a = *(const struct test *const *)left;
    const struct test *b = *(const struct test *const *)right;
    int by_file = strcmp(a->file, b->file);

    return by_file ? by_file : a->line - b->line;
}

static bool selected(const struct test *test, int count, char **patterns)
{
    const char *name = full_name(test);

    for (int i = 0; i < count; i++) {
        char whole_suite[128];
        snprintf(whole_suite, sizeof(whole_suite), "%s/*", patterns[i]);
        if (fnmatch(patterns[i], name, 0) == 0 ||
            fnmatch(whole_suite, name, 0) == 0)
            return true;
    }
    return count == 0;
}

static void on_child(int number)
{
    (void)number;
}

// What was inherited (nohup ignores SIGHUP, a Python parent SIGPIPE) must not
// decide how a test ends.
static void default_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            signal(number, SIG_DFL);
}

// Starts a test. SIGCHLD stays blocked in the runner except in its ppoll, and
// is as usual in the test.
static pid_t start(const struct test *test, const sigset_t *normal_mask)
{
    fflush(stdout);
    pid_t child = fork();
    if (child != 0)
        return child;
    setpgid(0, 0);
    default_signals();
    sigprocmask(SIG_SETMASK, normal_mask, NULL);
    close(report_pipe[0]);
    test->function();
    _exit(0);
}

// Waits for a test to end, or kills it at its time limit. True if it ended.
static bool finish(pid_t child, int seconds, const sigset_t *wait_mask,
                   int *status)
{
    long long deadline = now_ms() + seconds * 1000LL;

    while (waitpid(child, status, WNOHANG) == 0) {
        long long left = deadline - now_ms();
        if (left <= 0) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            waitpid(child, status, 0);
            return false;
        }
        struct timespec timeout = {left / 1000, left % 1000 * 1000000};
        ppoll(NULL, 0, &timeout, wait_mask);
    }
    kill(-child, SIGKILL);  // what the test left running
    return true;
}

// What the test reported, "" if nothing.
static void take_report(char *text, size_t size)
{
    ssize_t length = read(report_pipe[0], text, size - 1);
    text[length > 0 ? length : 0] = '\0';
}

// Tests look at low descriptor numbers, so ours is a high one.
static int out_of_the_way(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 250);
    if (high < 0) {
        perror("usertests: F_DUPFD_CLOEXEC");
        exit(2);
    }
    close(fd);
    return high;
}

static bool run(const struct test *test, int number, const sigset_t *mask)
{
    char text[1024];
    int status = 0;
    sigset_t wait_mask = *mask;

    sigdelset(&wait_mask, SIGCHLD);
    if (pipe(report_pipe) < 0) {
        perror("usertests: pipe");
        exit(2);
    }
    report_pipe[1] = out_of_the_way(report_pipe[1]);
    pid_t child = start(test, mask);
    if (child < 0) {
        perror("usertests: fork");
        exit(2);
    }
    close(report_pipe[1]);
    set_nonblocking(report_pipe[0]);
    bool ended = finish(child, test->seconds, &wait_mask, &status);
    take_report(text, sizeof(text));
    close(report_pipe[0]);

    if (text[0] == 'S') {
        printf("ok %d - %s # SKIP %s\n", number, full_name(test), text + 1);
        return true;
    }
    if (ended && text[0] == '\0' && status == 0) {
        printf("ok %d - %s\n", number, full_name(test));
        return true;
    }
    printf("not ok %d - %s: ", number, full_name(test));
    if (text[0] == 'F')
        printf("%s\n", text + 1);
    else if (!ended)
        printf("no end within %d s\n", test->seconds);
    else if (WIFSIGNALED(status))
        printf("killed by signal %d\n", WTERMSIG(status));
    else
        printf("exit status %d\n", WEXITSTATUS(status));
    printf("# reproduce: %s -s %u %s\n", program_path, random_seed,
           full_name(test));
    return false;
}

int main(int argc, char **argv)
{
    size_t count = __stop_tests - __start_tests;
    const struct test **tests = calloc(count, sizeof(*tests));
    bool list = false;
    int option, chosen = 0, failed = 0;

    if (argc > 2 && strcmp(argv[1], "--helper") == 0) {
        report_pipe[1] = 2;
        return run_helper(argc - 2, argv + 2);
    }
    program_path = argv[0];
    while ((option = getopt(argc, argv, "ls:")) != -1) {
        if (option == 'l')
            list = true;
        else if (option == 's')
            random_seed = strtoul(optarg, NULL, 0);
        else
            return 2;
    }
    for (size_t i = 0; i < count; i++)
        if (selected(__start_tests[i], argc - optind, argv + optind))
            tests[chosen++] = __start_tests[i];
    qsort(tests, chosen, sizeof(*tests), compare_tests);
    if (list) {
        for (int i = 0; i < chosen; i++)
            printf("%s\n", full_name(tests[i]));
        return 0;
    }

    sigset_t block, normal;
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &normal);
    signal(SIGCHLD, on_child);
    printf("1..%d\n", chosen);
    for (int i = 0; i < chosen; i++)
        failed += !run(tests[i], i + 1, &normal);
    printf("# %d passed, %d failed\n", chosen - failed, failed);
    return failed != 0 || chosen == 0;
}
