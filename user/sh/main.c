// SPDX-License-Identifier: MIT
//
// sh: a small shell after POSIX.1-2017, XCU 2. Runs a command (-c), a script,
// or what is typed at a terminal; there ctrl-C abandons the line, and every
// pipeline is a job.
//
//     sh [-efuxil] [-c command [name]] | [script] [parameter...]

#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shell shell;

extern char **environ;

void shell_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fflush(stdout);
    fprintf(stderr, "%s: ", shell.name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void shell_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fflush(stdout);
    fprintf(stderr, "%s: ", shell.name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    shell_abandon(2);
}

// Goes back to the prompt; a shell without one ends.
void shell_abandon(int status)
{
    shell.status = status;
    if (shell.abandon)
        siglongjmp(*shell.abandon, 1);
    shell_exit(status);
}

// Puts the state back that the abandoned line was in the middle of.
static void recover(struct source *source)
{
    if (shell.interrupted)
        fputc('\n', stderr);
    shell.interrupted = 0;
    shell.flow = FLOW_NEXT;
    shell.condition_depth = 0;
    shell.loop_depth = 0;
    shell.function_depth = 0;
    source->position = source->line.length;
    arena_free(&scratch);
}

static void interact(void)
{
    static struct arena tree;  // static: keeps its value over the jump back
    static struct source source;
    sigjmp_buf abandon;

    source_from_fd(&source, 0, "stdin");
    source.prompts = true;
    shell.abandon = &abandon;
    if (sigsetjmp(abandon, 1)) {
        recover(&source);
        arena_free(&tree);
    }
    do {
        jobs_notify();
        shell.interrupted = 0;
    } while (execute_line(&source, &tree));
    fputc('\n', stderr);
}

// $ENV or for a login shell /etc/profile: read before the first command.
static void read_profile(bool login)
{
    const char *path = login ? "/etc/profile" : variable_get("ENV");
    struct source source;
    int fd = -1;

    if (path)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    source_from_fd(&source, fd, path);
    execute_source(&source);
    source_close(&source);
    close(fd);
}

// Opens a script, away from the descriptors that it may redirect.
static void run_script(const char *path)
{
    struct source source;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int high;

    if (fd < 0) {
        shell_warn("%s: %s", path, strerror(errno));
        shell_exit(errno == ENOENT ? 127 : 126);
    }
    high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    source_from_fd(&source, fd, path);
    execute_source(&source);
}

static void run_standard_input(bool login)
{
    struct source source;

    if (!shell.interactive) {
        source_from_fd(&source, 0, "stdin");
        execute_source(&source);
        return;
    }
    variable_set("PS1", geteuid() == 0 ? "wharf# " : "$ ");
    shell.job_control = isatty(0);
    if (shell.job_control)
        jobs_init();
    read_profile(login);
    interact();
}

// What the options of the command line say, beside those of `set`.
struct invocation {
    bool command;         // -c
    bool interactive;     // -i
    bool login;           // -l
    bool standard_input;  // -s: the arguments are parameters only
};

// Returns the index of the first argument that is no option.
static int parse_options(int argc, char **argv, struct invocation *invocation)
{
    int option;

    while ((option = getopt(argc, argv, "+cefilsux")) != -1) {
        switch (option) {
        case 'c':
            invocation->command = true;
            break;
        case 'i':
            invocation->interactive = true;
            break;
        case 'l':
            invocation->login = true;
            break;
        case 's':
            invocation->standard_input = true;
            break;
        case '?':
            exit(2);
        default:
            *shell_option(option) = true;
        }
    }
    return optind;
}

int main(int argc, char **argv)
{
    struct invocation invocation = {.login = argv[0][0] == '-'};
    int first = parse_options(argc, argv, &invocation);
    const char *text = NULL, *script = NULL;
    char **arguments = argv + first;

    argc -= first;
    shell.name = argv[0];
    shell.pid = getpid();
    variables_init(environ);
    if (invocation.command && argc == 0)
        shell_error("-c: a command is missing");
    if (invocation.command)
        text = *arguments++;
    // The next argument is the script, or just a name for the command.
    if (!invocation.standard_input && *arguments)
        script = shell.name = *arguments++;
    positional_set(argv + first + argc - arguments, arguments);
    shell.interactive = !text && !script &&
                        (invocation.interactive || (isatty(0) && isatty(2)));
    traps_init();
    if (text)
        execute_last(text);
    else if (script)
        run_script(script);
    else
        run_standard_input(invocation.login);
    shell_exit(shell.status);
}
