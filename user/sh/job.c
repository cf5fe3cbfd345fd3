// SPDX-License-Identifier: MIT
//
// Child processes. A job is what one pipeline started. With job control (the
// shell talks to a terminal) each job is a process group of its own, and the
// terminal belongs to the one in the foreground.

#include "sh.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct process {
    struct process *next;
    pid_t pid;
    int status;  // as from waitpid()
    bool ended;
    bool stopped;
};

struct job {
    struct job *next;
    int number;  // %1; 0 while it has only been in the foreground
    pid_t group;
    struct process *processes;  // the last member of the pipeline first
    bool announced;             // that it has stopped
    char text[64];
};

static struct job *jobs;
static struct termios terminal;

void jobs_init(void)
{
    tcgetattr(0, &terminal);
    setpgid(0, 0);
    tcsetpgrp(0, getpgrp());
}

struct job *job_create(const char *text)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        err(2, "malloc");
    snprintf(job->text, sizeof(job->text), "%s", text);
    job->next = jobs;
    jobs = job;
    return job;
}

static void job_delete(struct job *job)
{
    struct job **link = &jobs;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    while (job->processes) {
        struct process *process = job->processes;

        job->processes = process->next;
        free(process);
    }
    free(job);
}

// Both parent and child do this, since either may run first.
static void join_group(struct job *job, pid_t pid, bool foreground)
{
    if (!shell.job_control)
        return;
    if (!job->group)
        job->group = pid;
    setpgid(pid, job->group);
    if (foreground)
        tcsetpgrp(0, job->group);
}

// Signals are blocked meanwhile: a ctrl-C or ctrl-Z that comes as soon as the
// group has the terminal acts on the child, not on what it still has of the
// shell's handlers.
static void become_child(struct job *job, bool foreground, const sigset_t *mask)
{
    join_group(job, getpid(), foreground);
    if (!shell.job_control && !foreground) {
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
    }
    traps_reset();
    shell.interactive = false;
    shell.job_control = false;
    shell.abandon = NULL;
    jobs = NULL;
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static void add_process(struct job *job, pid_t pid)
{
    struct process *process = calloc(1, sizeof(*process));

    if (!process)
        err(2, "malloc");
    process->pid = pid;
    process->next = job->processes;
    job->processes = process;
}

// Forks a process of the job. Returns 0 in the child.
pid_t job_fork(struct job *job, bool foreground)
{
    sigset_t all_signals, mask;
    pid_t pid;

    fflush(stdout);
    sigfillset(&all_signals);
    sigprocmask(SIG_BLOCK, &all_signals, &mask);
    pid = fork();
    if (pid == 0) {
        become_child(job, foreground, &mask);
        return 0;
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (pid < 0)
        shell_error("fork: %s", strerror(errno));
    join_group(job, pid, foreground);
    add_process(job, pid);
    return pid;
}

static bool all(const struct job *job, bool or_stopped)
{
    for (struct process *p = job->processes; p; p = p->next) {
        if (!p->ended && !(or_stopped && p->stopped))
            return false;
    }
    return true;
}

// Takes news of any child and files it. Returns as waitpid() does.
static pid_t reap(int options)
{
    int status;
    pid_t pid = waitpid(-1, &status, options);

    if (pid <= 0)
        return pid;
    for (struct job *job = jobs; job; job = job->next) {
        for (struct process *p = job->processes; p; p = p->next) {
            if (p->pid != pid || p->ended)
                continue;
            p->status = status;
            p->stopped = WIFSTOPPED(status);
            p->ended = !p->stopped;
        }
    }
    return pid;
}

static int exit_status(const struct job *job)
{
    int status = job->processes ? job->processes->status : 0;

    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WIFSTOPPED(status) ? 128 + WSTOPSIG(status) : WEXITSTATUS(status);
}

static void give_number(struct job *job)
{
    int number = 1;

    for (struct job *other = jobs; other; other = other->next) {
        if (other->number >= number)
            number = other->number + 1;
    }
    if (!job->number)
        job->number = number;
}

static void print_job(const struct job *job, FILE *stream)
{
    const char *state = "Running";

    if (all(job, false))
        state = exit_status(job) ? "Failed" : "Done";
    else if (all(job, true))
        state = "Stopped";
    fprintf(stream, "[%d] %d %-8s %s\n", job->number, (int)job->processes->pid,
            state, job->text);
}

// The end of the job in the foreground, or its stop.
static void leave_foreground(struct job *job)
{
    int status = job->processes ? job->processes->status : 0;

    if (shell.job_control && job->group) {
        tcsetpgrp(0, getpgrp());
        if (WIFSIGNALED(status) || WIFSTOPPED(status))
            tcsetattr(0, TCSADRAIN, &terminal);
        else
            tcgetattr(0, &terminal);
    }
    if (WIFSTOPPED(status)) {
        give_number(job);
        job->announced = true;
        fputc('\n', stderr);
        print_job(job, stderr);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) {
        // Also ends the loop that the job was in.
        shell.interrupted = shell.interactive;
    } else if (WIFSIGNALED(status) && shell.interactive) {
        fprintf(stderr, "%s%s\n", strsignal(WTERMSIG(status)),
                WCOREDUMP(status) ? " (core dumped)" : "");
    }
}

// The signal that ctrl-C or ctrl-Z has sent to some of the job, or 0.
static int typed_signal(const struct job *job)
{
    for (struct process *p = job->processes; p; p = p->next) {
        if (p->ended && WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGINT)
            return SIGINT;
        if (p->stopped && WSTOPSIG(p->status) == SIGTSTP)
            return SIGTSTP;
    }
    return shell.interrupted ? SIGINT : 0;
}

// Waits until the job has ended or stopped. The key may have been pressed while
// only some of its processes had been started: the others are told of it.
int job_wait(struct job *job)
{
    int told = 0, status;

    while (!all(job, true)) {
        int signal = shell.job_control ? typed_signal(job) : 0;

        if (signal != told)
            kill(-job->group, signal);
        told = signal;
        if (reap(WUNTRACED) < 0 && errno != EINTR)
            break;
    }
    leave_foreground(job);
    status = exit_status(job);
    if (all(job, false))
        job_delete(job);
    return status;
}

// Lets the job that was just started run on.
void job_background(struct job *job)
{
    shell.last_background = job->processes->pid;
    give_number(job);
    if (shell.interactive)
        fprintf(stderr, "[%d] %d\n", job->number, (int)job->processes->pid);
}

void jobs_notify(void)
{
    struct job *next;

    while (reap(WNOHANG | WUNTRACED) > 0)
        continue;
    for (struct job *job = jobs; job; job = next) {
        bool ended = all(job, false);

        next = job->next;
        if (ended || (all(job, true) && !job->announced))
            print_job(job, stderr);
        job->announced = all(job, true);
        if (ended)
            job_delete(job);
    }
}

// %number or a process id; NULL: the latest.
static struct job *find_job(const char *name)
{
    for (struct job *job = jobs; job; job = job->next) {
        if (!name || (*name == '%' && atoi(name + 1) == job->number))
            return job;
        for (struct process *p = job->processes; p; p = p->next) {
            if (p->pid == atoi(name))
                return job;
        }
    }
    shell_warn("%s: no such job", name ? name : "current");
    return NULL;
}

// What kill() wants to be told to reach the job, or 0: there is none.
pid_t job_target(const char *name)
{
    struct job *job = find_job(name);

    if (!job)
        return 0;
    return job->group ? -job->group : job->processes->pid;
}

// Waits for news of any child, or for a signal that somebody wants to know of:
// true. Signals are let in only while it sleeps, so none is missed. Returns
// false if there is no child.
static bool wait_for_news(void)
{
    sigset_t all_signals, mask;
    pid_t pid;

    sigfillset(&all_signals);
    sigprocmask(SIG_BLOCK, &all_signals, &mask);
    while ((pid = reap(WNOHANG)) == 0 && !shell.interrupted && !traps_pending())
        sigsuspend(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return pid >= 0;
}

// Waits until the job has ended, and forgets it. Sets *interrupted if a signal
// came first that has a trap, or ctrl-C; the status is then the signal's.
static int wait_for_job(struct job *job, bool *interrupted)
{
    int status;

    while (!all(job, false) && wait_for_news()) {
        *interrupted = shell.interrupted || traps_pending();
        if (*interrupted)
            return 128 + (shell.interrupted ? SIGINT : traps_pending());
    }
    status = exit_status(job);
    job_delete(job);
    return status;
}

// wait [job...]
int builtin_wait(int argc, char **argv)
{
    bool interrupted = false;
    int status = 0;

    if (argc == 1) {
        while (jobs && !interrupted)
            status = wait_for_job(jobs, &interrupted);
        return interrupted ? status : 0;
    }
    for (int i = 1; i < argc && !interrupted; i++) {
        struct job *job = find_job(argv[i]);

        status = job ? wait_for_job(job, &interrupted) : 127;
    }
    return status;
}

int builtin_jobs(int argc, char **argv)
{
    (void)argc, (void)argv;
    while (reap(WNOHANG | WUNTRACED) > 0)
        continue;
    for (struct job *job = jobs; job; job = job->next)
        print_job(job, stdout);
    return 0;
}

static struct job *resume(const char *name)
{
    struct job *job = find_job(name);

    if (!job || !shell.job_control)
        return NULL;
    for (struct process *p = job->processes; p; p = p->next)
        p->stopped = false;
    job->announced = false;
    return job;
}

int builtin_fg(int argc, char **argv)
{
    struct job *job = resume(argc > 1 ? argv[1] : NULL);

    if (!job)
        return 1;
    puts(job->text);
    fflush(stdout);
    tcsetpgrp(0, job->group);
    kill(-job->group, SIGCONT);
    return job_wait(job);
}

int builtin_bg(int argc, char **argv)
{
    struct job *job = resume(argc > 1 ? argv[1] : NULL);

    if (!job)
        return 1;
    kill(-job->group, SIGCONT);
    return 0;
}
