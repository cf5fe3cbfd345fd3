// SPDX-License-Identifier: MIT
//
// Scripts: a file that starts with `#!interpreter argument` is run as
// `interpreter argument file ...`, execve(2). All of the rest of the line is
// one argument.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <string.h>

#include "exec.h"

static char *skip_blanks(char *s)
{
    return s + strspn(s, " \t");
}

static void strip_blanks(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        s[--n] = '\0';
}

// Split a first line into the interpreter's path and the argument (NULL: none).
// line: the head of the file, changed. -ENOEXEC if there is no path, or if it
// may go on past the head.
static int parse_line(char line[EXEC_HEAD + 1], char **path, char **argument)
{
    line[EXEC_HEAD] = '\0';
    char *end = strchr(line, '\n');
    *path = skip_blanks(line + 2);
    if (end)
        *end = '\0';
    else if (!strpbrk(*path, " \t") && strlen(line) == EXEC_HEAD)
        return -ENOEXEC;
    if (**path == '\0')
        return -ENOEXEC;
    strip_blanks(*path);
    *argument = NULL;
    char *blank = strpbrk(*path, " \t");
    if (blank) {
        *blank = '\0';
        *argument = skip_blanks(blank + 1);
    }
    return 0;
}

// One script: name it to its interpreter, and go on with that one.
static int follow_script(struct exec *exec, const char *script, char *line)
{
    char *path, *argument;
    int error = parse_line(line, &path, &argument);
    if (error)
        return error;
    // The first argument so far is this script's name as its caller gave it.
    if (!exec->script)
        error = strings_prepend(&exec->prefix, script);
    if (!error && argument)
        error = strings_prepend(&exec->prefix, argument);
    if (!error)
        error = strings_prepend(&exec->prefix, path);
    exec->script = true;
    struct file *file;
    if (!error)
        error = exec_open(AT_FDCWD, path, 0, &file);
    if (error)
        return error;
    file_put(exec->file);
    exec->file = file;
    return 0;
}

int exec_scripts(struct exec *exec)
{
    char line[EXEC_HEAD + 1];
    for (unsigned depth = 0; memcmp(exec->head, "#!", 2) == 0; depth++) {
        if (depth == SCRIPT_DEPTH)
            return -ELOOP;
        memcpy(line, exec->head, EXEC_HEAD);
        int error = follow_script(exec, exec->path, line);
        if (!error)
            error = exec_read_head(exec);
        if (error)
            return error;
    }
    return 0;
}
