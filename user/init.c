// SPDX-License-Identifier: MIT
//
// init: process 1. Starts what /etc/inittab lists, reaps every orphan, and
// starts again what should not have ended. The kernel runs it as /init; when
// it exits, the kernel powers the machine off with its status.
//
// A line of /etc/inittab is an action and a command for /bin/sh:
//
//     wait     run it to its end before the lines that follow
//     once     start it, let it end
//     service  start it with /dev/null as its input; restart it when it ends
//     console  start it in a session that owns the console; restart it
//
// With arguments (boot arguments after `--`), the table is not read: init runs
// that command on the console and exits with its status.

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum action {
    WAIT,
    ONCE,
    SERVICE,
    CONSOLE,
    ACTIONS
};

static const char *const action_names[ACTIONS] = {
    [WAIT] = "wait",
    [ONCE] = "once",
    [SERVICE] = "service",
    [CONSOLE] = "console",
};

// A command that is started again when it ends.
struct service {
    struct service *next;
    enum action action;
    char *command;
    pid_t pid;
    time_t started;  // seconds of the monotonic clock
    unsigned delay;  // of the next start, in seconds
};

static struct service *services;

static time_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

// Makes `path` the standard input, and with `output` also 1 and 2.
static void redirect(const char *path, bool output)
{
    int fd = open(path, O_RDWR);

    if (fd < 0)
        err(1, "%s", path);
    dup2(fd, 0);
    if (output) {
        dup2(fd, 1);
        dup2(fd, 2);
    }
    if (fd > 2)
        close(fd);
}

// Runs in the child: the surroundings that `action` promises. A console
// command gets the console as its controlling terminal, so that ctrl-C
// reaches it and job control works.
static void prepare(enum action action)
{
    setsid();
    if (action == CONSOLE) {
        redirect("/dev/console", true);
        ioctl(0, TIOCSCTTY, 0);
    } else {
        redirect("/dev/null", false);
    }
}

// Starts argv after `delay` seconds, which the child sleeps, not init.
static pid_t start(enum action action, char *const argv[], unsigned delay)
{
    pid_t pid = fork();

    if (pid < 0)
        warn("fork");
    if (pid != 0)
        return pid;
    prepare(action);
    sleep(delay);
    execvp(argv[0], argv);
    warn("%s", argv[0]);
    _exit(127);
}

static pid_t start_command(enum action action, char *command, unsigned delay)
{
    char *argv[] = {"/bin/sh", "-c", NULL, NULL};
    char line[1024];

    snprintf(line, sizeof(line), "exec %s", command);
    argv[2] = line;
    return start(action, argv, delay);
}

// A service that keeps ending soon must not keep the machine busy: it is
// started later and later.
static void start_service(struct service *s)
{
    bool soon = s->started && now() - s->started < (time_t)s->delay + 2;

    if (!soon)
        s->delay = 0;
    else if (s->delay < 32)
        s->delay = s->delay ? 2 * s->delay : 1;
    s->started = now();
    s->pid = start_command(s->action, s->command, s->delay);
}

// Waits for any child; restarts it if it is a service. Returns its pid and
// stores its wait status.
static pid_t reap(int *status)
{
    pid_t pid = wait(status);

    if (pid < 0)
        err(1, "wait");
    for (struct service *s = services; s; s = s->next) {
        if (s->pid == pid)
            start_service(s);
    }
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (pid > 0 && reap(&status) != pid)
        continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void add_service(enum action action, const char *command)
{
    struct service *s = calloc(1, sizeof(*s));

    if (!s || !(s->command = strdup(command)))
        err(1, "%s", command);
    s->action = action;
    s->next = services;
    services = s;
    start_service(s);
}

static void perform(enum action action, char *command)
{
    switch (action) {
    case WAIT:
        wait_for(start_command(action, command, 0));
        break;
    case ONCE:
        start_command(action, command, 0);
        break;
    default:
        add_service(action, command);
    }
}

static void perform_line(char *line)
{
    char *command = line + strcspn(line, " \t\n");

    if (*line == '#' || *line == '\n')
        return;
    if (*command)
        *command++ = '\0';
    command += strspn(command, " \t");
    command[strcspn(command, "\n")] = '\0';
    for (int i = 0; i < ACTIONS; i++) {
        if (strcmp(line, action_names[i]) == 0 && *command) {
            perform(i, command);
            return;
        }
    }
    warnx("/etc/inittab: %s: no such action, or no command", line);
}

static void run_table(void)
{
    FILE *table = fopen("/etc/inittab", "re");
    char line[1024];

    if (!table) {
        warn("/etc/inittab");
        add_service(CONSOLE, "/bin/sh");
        return;
    }
    while (fgets(line, sizeof(line), table))
        perform_line(line);
    fclose(table);
}

static void set_host_name(void)
{
    FILE *file = fopen("/etc/hostname", "re");
    char name[65];

    if (!file)
        return;
    if (fgets(name, sizeof(name), file)) {
        name[strcspn(name, "\n")] = '\0';
        if (sethostname(name, strlen(name)) < 0)
            warn("sethostname");
    }
    fclose(file);
}

int main(int argc, char *argv[])
{
    int status;

    if (getpid() != 1)
        errx(1, "must be process 1");
    if (fcntl(0, F_GETFD) < 0)
        redirect("/dev/console", true);
    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
    setenv("HOME", "/root", 1);
    setenv("TERM", "linux", 0);
    set_host_name();
    if (argc > 1)
        return wait_for(start(CONSOLE, argv + 1, 0));
    run_table();
    for (;;)
        reap(&status);
}
