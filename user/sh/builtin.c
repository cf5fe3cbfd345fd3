// SPDX-License-Identifier: MIT
//
// The table of built-in commands, and those that work on the shell itself.

#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int builtin_true(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

static int builtin_false(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 1;
}

// The number at argv[1], or `otherwise`.
static int number_argument(int argc, char **argv, int otherwise)
{
    char *end;
    long number;

    if (argc < 2)
        return otherwise;
    number = strtol(argv[1], &end, 10);
    if (!*argv[1] || *end || number < 0 || number > INT_MAX)
        shell_error("%s: %s: not a number", argv[0], argv[1]);
    return number;
}

static int builtin_exit(int argc, char **argv)
{
    shell_exit(number_argument(argc, argv, shell.status) & 0xff);
}

static int builtin_return(int argc, char **argv)
{
    int status = number_argument(argc, argv, shell.status);

    if (shell.function_depth == 0)
        shell_exit(status);
    shell.flow = FLOW_RETURN;
    shell.status = status;
    return status;
}

// break [n], continue [n]
static int builtin_break(int argc, char **argv)
{
    int count = number_argument(argc, argv, 1);

    if (count < 1)
        shell_error("%s: %s: bad count", argv[0], argv[1]);
    if (shell.loop_depth == 0)
        return 0;
    shell.flow_count = count < shell.loop_depth ? count : shell.loop_depth;
    shell.flow = *argv[0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
    return 0;
}

static int builtin_shift(int argc, char **argv)
{
    int count = number_argument(argc, argv, 1);

    if (count > positional.count) {
        shell_warn("shift: more than there are");
        return 1;
    }
    positional_shift(count);
    return 0;
}

static int builtin_eval(int argc, char **argv)
{
    struct buffer text = {.arena = &scratch};

    buffer_clear(&text);
    for (int i = 1; i < argc; i++) {
        if (i > 1)
            buffer_add(&text, ' ');
        buffer_append(&text, argv[i], strlen(argv[i]));
    }
    return execute_string(text.text);
}

// . file [parameter...]
static int builtin_dot(int argc, char **argv)
{
    struct source source;
    const char *path;
    int fd, status;

    if (argc < 2)
        shell_error(".: a file is missing");
    path = find_command(argv[1]);
    if (!path)
        path = argv[1];
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        shell_error("%s: %s", path, strerror(errno));
    shell.status = 0;
    shell.function_depth++;
    source_from_fd(&source, fd, path);
    status = execute_source(&source);
    source_close(&source);
    close(fd);
    shell.function_depth--;
    if (shell.flow == FLOW_RETURN) {
        shell.flow = FLOW_NEXT;
        status = shell.status;
    }
    return status;
}

// cd [directory|-]
static int builtin_cd(int argc, char **argv)
{
    const char *to = argc > 1 ? argv[1] : variable_get("HOME");
    char path[PATH_MAX];
    bool back = to && strcmp(to, "-") == 0;

    if (back)
        to = variable_get("OLDPWD");
    if (!to) {
        shell_warn("cd: there is no such variable");
        return 1;
    }
    if (chdir(to) < 0) {
        shell_warn("cd: %s: %s", to, strerror(errno));
        return 1;
    }
    if (variable_get("PWD"))
        variable_set("OLDPWD", variable_get("PWD"));
    if (getcwd(path, sizeof(path)))
        variable_set("PWD", path);
    if (back)
        puts(path);
    return 0;
}

static int builtin_pwd(int argc, char **argv)
{
    char path[PATH_MAX];

    (void)argc, (void)argv;
    if (!getcwd(path, sizeof(path))) {
        shell_warn("pwd: %s", strerror(errno));
        return 1;
    }
    puts(path);
    return 0;
}

static const char *what_is(const char *name)
{
    const char *path;

    if (function_find(name))
        return "a function";
    if (builtin_find(name))
        return "a shell built-in";
    path = find_command(name);
    return path && access(path, X_OK) == 0 ? path : NULL;
}

static int builtin_type(int argc, char **argv)
{
    int status = 0;

    for (int i = 1; i < argc; i++) {
        const char *what = what_is(argv[i]);

        if (what) {
            printf("%s is %s\n", argv[i], what);
        } else {
            shell_warn("%s: not found", argv[i]);
            status = 127;
        }
    }
    return status;
}

static int execute_child(char **argv)
{
    struct job *job = job_create(argv[0]);

    if (job_fork(job, true) == 0)
        execute_replace(argv);
    return job_wait(job);
}

// command [-v] name [argument...]: not the function of that name
static int builtin_command(int argc, char **argv)
{
    const struct builtin *builtin;
    const char *what;

    if (argc < 2)
        return 0;
    if (strcmp(argv[1], "-v") != 0) {
        builtin = builtin_find(argv[1]);
        return builtin ? builtin->function(argc - 1, argv + 1)
                       : execute_child(argv + 1);
    }
    what = argc > 2 ? what_is(argv[2]) : NULL;
    if (what)
        puts(*what == 'a' ? argv[2] : what);
    return what ? 0 : 127;
}

static int builtin_umask(int argc, char **argv)
{
    mode_t old = umask(0);
    char *end = "";

    umask(argc > 1 ? strtol(argv[1], &end, 8) & 0777 : old);
    if (argc == 1)
        printf("%04o\n", (unsigned)old);
    else if (*end)
        umask(old);
    return *end != '\0';
}

// The flag behind `set -letter`, or NULL.
bool *shell_option(char letter)
{
    switch (letter) {
    case 'e':
        return &shell.exit_on_error;
    case 'f':
        return &shell.no_glob;
    case 'u':
        return &shell.unset_is_error;
    case 'x':
        return &shell.trace;
    default:
        return NULL;
    }
}

// Takes leading option words such as -ex. Returns the index of the first word
// that is none; sets *parameters after `--`.
static int set_options(int argc, char **argv, bool *parameters)
{
    int i;

    for (i = 1; i < argc && strchr("-+", argv[i][0]) && argv[i][1]; i++) {
        if (strcmp(argv[i], "--") == 0) {
            *parameters = true;
            return i + 1;
        }
        for (const char *letter = argv[i] + 1; *letter; letter++) {
            bool *flag = shell_option(*letter);

            if (flag)
                *flag = argv[i][0] == '-';
            else
                shell_error("set: -%c: no such option", *letter);
        }
    }
    return i;
}

// set [-efux] [+efux] [--] [parameter...]
static int builtin_set(int argc, char **argv)
{
    bool parameters = false;
    int first = set_options(argc, argv, &parameters);

    if (argc == 1)
        variables_print(false, false);
    if (parameters || first < argc)
        positional_set(argc - first, argv + first);
    return 0;
}

// Calls `apply` for each name, and assigns what follows its `=`.
static int declare(int argc, char **argv, void (*apply)(const char *name))
{
    int status = 0;

    for (int i = 1; i < argc; i++) {
        size_t length = name_length(argv[i]);
        char *name = arena_copy(&scratch, argv[i], length);

        if (strcmp(argv[i], "-p") == 0)
            continue;
        if (length == 0 || (argv[i][length] && argv[i][length] != '=')) {
            shell_warn("%s: %s: not a name", argv[0], argv[i]);
            status = 1;
            continue;
        }
        if (apply == variable_local)
            apply(name);
        if (argv[i][length] && !variable_set(name, argv[i] + length + 1)) {
            shell_warn("%s: is read only", name);
            status = 1;
        }
        if (apply != variable_local)
            apply(name);
    }
    return status;
}

static int builtin_export(int argc, char **argv)
{
    if (argc == 1)
        variables_print(true, false);
    return declare(argc, argv, variable_export);
}

static int builtin_readonly(int argc, char **argv)
{
    if (argc == 1)
        variables_print(false, true);
    return declare(argc, argv, variable_protect);
}

static int builtin_local(int argc, char **argv)
{
    if (shell.function_depth == 0)
        shell_error("local: not in a function");
    return declare(argc, argv, variable_local);
}

// unset [-v|-f] name...
static int builtin_unset(int argc, char **argv)
{
    int status = 0;
    bool function = argc > 1 && strcmp(argv[1], "-f") == 0;
    int first = 1 + (function || (argc > 1 && strcmp(argv[1], "-v") == 0));

    for (; first < argc; first++) {
        if (function) {
            function_unset(argv[first]);
        } else if (!variable_unset(argv[first])) {
            shell_warn("%s: is read only", argv[first]);
            status = 1;
        }
    }
    return status;
}

static const struct builtin builtins[] = {
    {".", builtin_dot, true},
    {":", builtin_true, true},
    {"[", builtin_test, false},
    {"bg", builtin_bg, false},
    {"break", builtin_break, true},
    {"cd", builtin_cd, false},
    {"command", builtin_command, false},
    {"continue", builtin_break, true},
    {"echo", builtin_echo, false},
    {"eval", builtin_eval, true},
    {"exit", builtin_exit, true},
    {"export", builtin_export, true},
    {"false", builtin_false, false},
    {"fg", builtin_fg, false},
    {"jobs", builtin_jobs, false},
    {"kill", builtin_kill, false},
    {"local", builtin_local, true},
    {"printf", builtin_printf, false},
    {"pwd", builtin_pwd, false},
    {"read", builtin_read, false},
    {"readonly", builtin_readonly, true},
    {"return", builtin_return, true},
    {"set", builtin_set, true},
    {"shift", builtin_shift, true},
    {"test", builtin_test, false},
    {"trap", builtin_trap, true},
    {"true", builtin_true, false},
    {"type", builtin_type, false},
    {"umask", builtin_umask, false},
    {"unset", builtin_unset, true},
    {"wait", builtin_wait, false},
};

const struct builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    }
    return NULL;
}
