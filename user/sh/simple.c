// SPDX-License-Identifier: MIT
//
// The simple command: assignments, words, redirections. Its first word is a
// function, a built-in command, or a program (POSIX.1-2017, XCU 2.9.1).

#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void assign(const struct word *assignments, bool local, bool exported)
{
    for (; assignments; assignments = assignments->next) {
        const char *text = assignments->text;
        size_t length = name_length(text);
        char *name = arena_copy(&scratch, text, length);
        char *value = expand_string(text + length + 1);

        if (local)
            variable_local(name);
        if (!variable_set(name, value))
            shell_error("%s: is read only", name);
        if (exported)
            variable_export(name);
        if (shell.trace)
            fprintf(stderr, "+ %s=%s\n", name, value);
    }
}

static void trace(char **argv)
{
    fputc('+', stderr);
    for (; *argv; argv++)
        fprintf(stderr, " %s", *argv);
    fputc('\n', stderr);
}

char *find_command(const char *name)
{
    const char *path = variable_get("PATH");
    struct stat st;

    if (strchr(name, '/'))
        return arena_copy(&scratch, name, strlen(name));
    while (path && *name) {
        size_t length = strcspn(path, ":");
        size_t size = length + strlen(name) + 3;
        char *file = arena_alloc(&scratch, size);

        snprintf(file, size, "%.*s/%s", length ? (int)length : 1,
                 length ? path : ".", name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
            access(file, X_OK) == 0)
            return file;
        path = path[length] ? path + length + 1 : NULL;
    }
    return NULL;
}

// A file without a `#!` line and no program either is a script of ours.
static void execute_script(const char *path, char **argv)
{
    size_t count = 0;
    char **script;

    while (argv[count])
        count++;
    script = arena_alloc(&scratch, (count + 2) * sizeof(*script));
    script[0] = argv[0];
    script[1] = (char *)path;
    for (size_t i = 1; i < count; i++)
        script[i + 1] = argv[i];
    execve("/bin/sh", script, variables_environment());
}

// Becomes the program, or ends with 127 (not found) or 126 (cannot be run).
void execute_replace(char **argv)
{
    char *path = find_command(argv[0]);
    int status;

    if (!path) {
        shell_warn("%s: not found", argv[0]);
        shell_exit(127);
    }
    execve(path, argv, variables_environment());
    status = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
    if (errno == ENOEXEC)
        execute_script(path, argv);
    shell_warn("%s: %s", argv[0], strerror(errno));
    shell_exit(status);
}

static int execute_nothing(const struct node *node)
{
    struct saved_fd *saved = NULL;
    bool good;

    shell.substituted = false;
    assign(node->assignments, false, false);
    good = redirect_apply(node->redirects, &saved);
    redirect_restore(saved);
    if (!good)
        return 1;
    return shell.substituted ? shell.status : 0;
}

// `exec`: what it redirects stays so.
static int execute_exec(const struct node *node, char **argv)
{
    struct saved_fd *saved = NULL;

    assign(node->assignments, false, true);
    if (!redirect_apply(node->redirects, &saved)) {
        redirect_restore(saved);
        shell_abandon(1);
    }
    redirect_keep(saved);
    if (argv[1]) {
        traps_reset();
        execute_replace(argv + 1);
    }
    return 0;
}

static int call_builtin(const struct builtin *builtin, int argc, char **argv)
{
    int status = builtin->function(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        shell_warn("%s: write error: %s", argv[0], strerror(errno));
        clearerr(stdout);
        if (status == 0)
            status = 1;
    }
    return status;
}

// A function or a built-in command, in this process.
static int execute_here(const struct node *node, const struct node *body,
                        const struct builtin *builtin, int argc, char **argv)
{
    bool lasting = builtin && builtin->special;
    struct saved_fd *saved = NULL;
    int status = 1;

    if (!lasting)
        scope_enter();
    assign(node->assignments, !lasting, !lasting);
    if (redirect_apply(node->redirects, &saved))
        status = body ? function_call(body, argv)
                      : call_builtin(builtin, argc, argv);
    else if (lasting && !shell.interactive)
        shell_exit(2);
    redirect_restore(saved);
    if (!lasting)
        scope_leave();
    return status;
}

_Noreturn static void become_program(const struct node *node, char **argv)
{
    struct saved_fd *saved = NULL;

    assign(node->assignments, false, true);
    if (!redirect_apply(node->redirects, &saved))
        shell_exit(1);
    redirect_keep(saved);
    execute_replace(argv);
}

static int execute_program(const struct node *node, char **argv, bool replace)
{
    struct job *job;

    if (replace)
        become_program(node, argv);
    job = job_create(describe(node));
    if (job_fork(job, true) == 0)
        become_program(node, argv);
    return job_wait(job);
}

static int execute_words(const struct node *node, char **argv, bool replace)
{
    const struct builtin *builtin;
    const struct node *body;
    int argc = 0;

    while (argv[argc])
        argc++;
    if (argc == 0)
        return execute_nothing(node);
    if (shell.trace)
        trace(argv);
    if (strcmp(argv[0], "exec") == 0)
        return execute_exec(node, argv);
    body = function_find(argv[0]);
    builtin = body ? NULL : builtin_find(argv[0]);
    if (body || builtin)
        return execute_here(node, body, builtin, argc, argv);
    return execute_program(node, argv, replace);
}

// With `replace`, this process has nothing else to do, and becomes the program.
int execute_simple(const struct node *node, bool replace)
{
    return execute_words(node, expand_words(node->words), replace);
}
