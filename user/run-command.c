// SPDX-License-Identifier: MIT
//
// run-command: process 1 of `make run CMD=...`. Runs /run/command with
// /bin/sh and carries its standard output and standard error apart over the
// one console, so that the host can give each to its own stream byte for byte.
//
// It writes the line "\x1eWHARF-RUN 1\n", then frames, each by one write():
//
//     0x1e  'o' or 'e'  four hex digits: length, at most 0x1000   the bytes
//     0x1e  'x'         four hex digits: exit status
//
// The last frame is 'x'; run-command then exits with that status, and with
// process 1 the machine powers off.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MARKER     "\x1eWHARF-RUN 1\n"
#define FRAME_HEAD 6
#define FRAME_DATA 0x1000

#define PIPE_CAPACITY 0x10000

// The two streams of the command, in the order of the pollfd array.
static const char stream_tags[] = {'o', 'e'};

#define STREAMS 2

static void write_all(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(1, data, length);

        if (n < 0 && errno != EINTR)
            err(1, "console");
        if (n > 0) {
            data += n;
            length -= n;
        }
    }
}

// Sends a frame. `frame` has FRAME_HEAD free bytes, then `length` of data.
static void send_frame(char *frame, char tag, unsigned value, size_t length)
{
    char head[FRAME_HEAD + 1];

    snprintf(head, sizeof(head), "\x1e%c%04x", tag, value & 0xffff);
    memcpy(frame, head, FRAME_HEAD);
    write_all(frame, FRAME_HEAD + length);
}

// Without this the line discipline would rewrite "\n", and echo what the host
// happens to type.
static void make_console_raw(void)
{
    struct termios mode;

    if (tcgetattr(1, &mode) < 0)
        return;
    cfmakeraw(&mode);
    tcsetattr(1, TCSANOW, &mode);
}

static void on_child(int signal)
{
    (void)signal;
}

static pid_t start_command(const int output[2], const int error[2],
                           const sigset_t *mask)
{
    pid_t pid = fork();

    if (pid < 0)
        err(1, "fork");
    if (pid > 0)
        return pid;
    setsid();
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    dup2(output[1], 1);
    dup2(error[1], 2);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execl("/bin/sh", "sh", "/run/command", NULL);
    err(127, "/bin/sh");
}

// Passes on what one stream has to read. Returns false when it has nothing
// more for now; at its end the descriptor is closed and set to -1.
static bool forward(struct pollfd *stream, char tag)
{
    char frame[FRAME_HEAD + FRAME_DATA];
    ssize_t n = read(stream->fd, frame + FRAME_HEAD, FRAME_DATA);

    if (n > 0) {
        send_frame(frame, tag, n, n);
        return true;
    }
    if (n == 0 || errno != EAGAIN) {
        close(stream->fd);
        stream->fd = -1;
    }
    return false;
}

// Reaps whatever has ended (process 1 inherits orphans). Returns true once
// `command` is among them, with its status in *status.
static bool reap(pid_t command, int *status)
{
    int wait_status;
    pid_t pid;

    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        if (pid != command)
            continue;
        *status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                           : WEXITSTATUS(wait_status);
        return true;
    }
    return false;
}

// Forwards both streams until the command has ended. SIGCHLD is let in only
// while ppoll sleeps, so the end of the command is never missed.
static int serve(struct pollfd streams[STREAMS], pid_t command,
                 const sigset_t *mask)
{
    int status = 0;

    while (!reap(command, &status)) {
        if (ppoll(streams, STREAMS, NULL, mask) < 0)
            continue;
        for (int i = 0; i < STREAMS; i++) {
            if (streams[i].revents)
                forward(&streams[i], stream_tags[i]);
        }
    }
    return status;
}

// Forwards what the command left in a pipe when it ended: as much as a pipe
// holds, and no more, since a daemon may still be writing to it.
static void drain(struct pollfd *stream, char tag)
{
    for (int i = 0; i < PIPE_CAPACITY / FRAME_DATA; i++) {
        if (stream->fd < 0 || !forward(stream, tag))
            return;
    }
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_child};
    struct pollfd streams[STREAMS];
    char frame[FRAME_HEAD];
    int pipes[STREAMS][2];
    sigset_t child, mask;
    pid_t command;
    int status;

    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
    setenv("HOME", "/root", 1);
    make_console_raw();
    write_all(MARKER, strlen(MARKER));

    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask);

    for (int i = 0; i < STREAMS; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) < 0)
            err(1, "pipe");
        fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
        streams[i] = (struct pollfd){.fd = pipes[i][0], .events = POLLIN};
    }
    command = start_command(pipes[0], pipes[1], &mask);
    for (int i = 0; i < STREAMS; i++)
        close(pipes[i][1]);

    status = serve(streams, command, &mask);
    for (int i = 0; i < STREAMS; i++)
        drain(&streams[i], stream_tags[i]);
    send_frame(frame, 'x', status, 0);
    tcdrain(1);
    return status;
}
