// SPDX-License-Identifier: MIT
//
// Where commands come from: a string, a script or a terminal. The lexer takes
// one character at a time.

#include "sh.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 4096

void source_from_string(struct source *source, const char *text)
{
    *source = (struct source){.fd = -1, .line_number = 1};
    buffer_append(&source->line, text, strlen(text));
}

void source_from_fd(struct source *source, int fd, const char *name)
{
    *source = (struct source){.fd = fd, .line_number = 1, .name = name};
    buffer_clear(&source->line);
}

// Frees the text; the descriptor is the caller's.
void source_close(struct source *source)
{
    free(source->line.text);
}

static void prompt(const struct source *source)
{
    const char *text = variable_get(source->continued ? "PS2" : "PS1");
    struct arena_mark mark = arena_mark(&scratch);

    if (text)
        fputs(expand_here(text), stderr);
    arena_release(&scratch, mark);
}

// At a prompt: waits for input or ctrl-C, which is let in only while we sleep,
// and so cannot come unnoticed between the look at the flag and the read().
static void await_input(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    sigset_t interrupt, mask;

    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &mask);
    while (!shell.interrupted && ppoll(&poll_fd, 1, NULL, &mask) < 0 &&
           errno == EINTR)
        continue;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (shell.interrupted)
        shell_abandon(130);
}

// Reads once, and tries again after a signal unless it was ctrl-C.
static ssize_t read_some(const struct source *source, char *data, size_t size)
{
    ssize_t n;

    if (source->prompts)
        await_input(source->fd);
    while ((n = read(source->fd, data, size)) < 0 && errno == EINTR) {
        if (shell.interrupted)
            shell_abandon(130);
    }
    if (n < 0)
        shell_warn("read: %s", strerror(errno));
    return n;
}

// Replaces the used-up line by more text. Standard input is shared with the
// commands that we run, so from it no byte beyond the line is taken; a
// terminal hands out single lines by itself.
static bool refill(struct source *source)
{
    bool shared = source->fd == 0 && !source->prompts;
    char data[READ_SIZE];
    ssize_t n;

    if (source->fd < 0)
        return false;
    if (source->prompts)
        prompt(source);
    buffer_clear(&source->line);
    source->position = 0;
    do {
        n = read_some(source, data, shared ? 1 : sizeof(data));
        if (n > 0)
            buffer_append(&source->line, data, n);
    } while (shared && n > 0 && data[0] != '\n');
    return source->line.length > 0;
}

int source_peek(struct source *source)
{
    if (source->position >= source->line.length && !refill(source))
        return SOURCE_END;
    return (unsigned char)source->line.text[source->position];
}

int source_next(struct source *source)
{
    int c = source_peek(source);

    if (c == SOURCE_END)
        return c;
    source->position++;
    if (c == '\n')
        source->line_number++;
    return c;
}
