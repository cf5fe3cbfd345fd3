// SPDX-License-Identifier: MIT
//
// Redirections. What a descriptor was before is kept as a copy with a high
// number, for commands that run in the shell's own process.

#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Copies of the shell's own descriptors are not below this number.
#define FIRST_COPY 10

static void save(int fd, struct saved_fd **saved)
{
    struct saved_fd *entry = arena_alloc(&scratch, sizeof(*entry));

    entry->fd = fd;
    entry->copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_COPY);
    entry->next = *saved;
    *saved = entry;
}

// A short document fits into a pipe; a longer one needs somebody to write it.
static int open_here(const struct redirect *redirect)
{
    const char *text = redirect->word;
    size_t length;
    int ends[2];

    if (!redirect->literal)
        text = expand_here(text);
    length = strlen(text);
    if (pipe(ends) < 0)
        return -1;
    if (length <= PIPE_BUF) {
        length -= write(ends[1], text, length);
    } else if (fork() == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(ends[0]);
        while (length > 0) {
            ssize_t n = write(ends[1], text, length);

            if (n < 0)
                _exit(1);
            text += n;
            length -= n;
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static int open_redirect(const struct redirect *redirect, const char *word)
{
    static const int flags[] = {
        [REDIRECT_READ] = O_RDONLY,
        [REDIRECT_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
        [REDIRECT_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [REDIRECT_READ_WRITE] = O_RDWR | O_CREAT,
    };

    if (redirect->type == REDIRECT_HERE)
        return open_here(redirect);
    return open(word, flags[redirect->type], 0666);
}

// <&word and >&word.
static bool duplicate(const struct redirect *redirect, const char *word)
{
    char *end;
    long from;

    if (strcmp(word, "-") == 0) {
        close(redirect->fd);
        return true;
    }
    from = strtol(word, &end, 10);
    if (!isdigit((unsigned char)*word) || *end || from > INT_MAX) {
        shell_warn("%s: not a descriptor", word);
        return false;
    }
    if (from == redirect->fd ? fcntl(from, F_GETFD) < 0
                             : dup2(from, redirect->fd) < 0) {
        shell_warn("%s: %s", word, strerror(errno));
        return false;
    }
    return true;
}

static bool apply(const struct redirect *redirect, struct saved_fd **saved)
{
    const char *word = "here-document";
    int fd;

    if (redirect->type != REDIRECT_HERE)
        word = expand_string(redirect->word);
    save(redirect->fd, saved);
    if (redirect->type == REDIRECT_DUPLICATE)
        return duplicate(redirect, word);
    fd = open_redirect(redirect, word);
    if (fd < 0) {
        shell_warn("%s: %s", word, strerror(errno));
        return false;
    }
    if (fd != redirect->fd) {
        dup2(fd, redirect->fd);
        close(fd);
    }
    return true;
}

// Performs the redirections from left to right, up to the first that fails.
// *saved is what redirect_restore() or redirect_keep() must be given, in
// either case; it is in the scratch arena.
bool redirect_apply(const struct redirect *list, struct saved_fd **saved)
{
    for (; list; list = list->next) {
        if (!apply(list, saved))
            return false;
    }
    return true;
}

void redirect_restore(struct saved_fd *saved)
{
    for (; saved; saved = saved->next) {
        if (saved->copy < 0) {
            close(saved->fd);
        } else {
            dup2(saved->copy, saved->fd);
            close(saved->copy);
        }
    }
}

void redirect_keep(struct saved_fd *saved)
{
    for (; saved; saved = saved->next) {
        if (saved->copy >= 0)
            close(saved->copy);
    }
}
