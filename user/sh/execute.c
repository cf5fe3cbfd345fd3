// SPDX-License-Identifier: MIT
//
// Walks the tree. Each function returns the exit status of what it ran; break,
// continue and return are a state that lists and loops look at.

#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

// The last thing that this process does.
_Noreturn static void finish_with(const struct node *node)
{
    if (node->type == NODE_SIMPLE)
        shell_exit(execute_simple(node, true));
    shell_exit(execute(node));
}

static int execute_command(const struct node *node)
{
    return execute_simple(node, false);
}

static void connect_pipe(int from, int to)
{
    if (from == to)
        return;
    dup2(from, to);
    close(from);
}

// Starts one member of a pipeline, which reads `input` (or -1: what the shell
// reads). Returns the end from which the next one reads, or -1.
static int start_member(struct job *job, const struct node *node, int input)
{
    int ends[2] = {-1, -1};

    if (node->next && pipe2(ends, O_CLOEXEC) < 0)
        shell_error("pipe: %s", strerror(errno));
    if (job_fork(job, true) == 0) {
        if (input >= 0)
            connect_pipe(input, 0);
        if (node->next) {
            close(ends[0]);
            connect_pipe(ends[1], 1);
        }
        finish_with(node);
    }
    if (input >= 0)
        close(input);
    if (node->next)
        close(ends[1]);
    return ends[0];
}

static int execute_pipeline(const struct node *node)
{
    struct job *job = job_create(describe(node));
    int input = -1;

    for (node = node->left; node; node = node->next)
        input = start_member(job, node, input);
    return job_wait(job);
}

static int execute_condition(const struct node *node)
{
    int status;

    shell.condition_depth++;
    status = execute(node);
    shell.condition_depth--;
    return status;
}

static int execute_not(const struct node *node)
{
    return !execute_condition(node->left);
}

static int execute_and(const struct node *node)
{
    int status = execute_condition(node->left);

    return status == 0 && !shell.flow ? execute(node->right) : status;
}

static int execute_or(const struct node *node)
{
    int status = execute_condition(node->left);

    return status != 0 && !shell.flow ? execute(node->right) : status;
}

static int execute_sequence(const struct node *node)
{
    int status = execute(node->left);

    return shell.flow ? status : execute(node->right);
}

// With job control, too, the command gets an empty input: a server in the
// background must not compete with the shell for what is typed.
static int execute_background(const struct node *node)
{
    struct job *job = job_create(describe(node));

    if (job_fork(job, false) == 0) {
        connect_pipe(open("/dev/null", O_RDONLY), 0);
        finish_with(node->left);
    }
    job_background(job);
    return 0;
}

static int execute_subshell(const struct node *node)
{
    struct job *job = job_create(describe(node));

    if (job_fork(job, true) == 0)
        finish_with(node->left);
    return job_wait(job);
}

static int execute_group(const struct node *node)
{
    return execute(node->left);
}

static int execute_if(const struct node *node)
{
    int status = execute_condition(node->left);

    if (shell.flow)
        return status;
    if (status == 0)
        return execute(node->right);
    return node->otherwise ? execute(node->otherwise) : 0;
}

// After a loop's body: takes note of break and continue. Returns false if the
// loop is to be left.
static bool loop_goes_on(void)
{
    if (shell.flow == FLOW_NEXT)
        return true;
    if (shell.flow == FLOW_RETURN)
        return false;
    if (--shell.flow_count > 0)
        return false;
    if (shell.flow == FLOW_CONTINUE) {
        shell.flow = FLOW_NEXT;
        return true;
    }
    shell.flow = FLOW_NEXT;
    return false;
}

static int execute_while(const struct node *node)
{
    bool wanted = node->type == NODE_WHILE;
    int status = 0;

    shell.loop_depth++;
    for (;;) {
        int condition = execute_condition(node->left);

        if (shell.flow == FLOW_NEXT) {
            if ((condition == 0) != wanted)
                break;
            status = execute(node->right);
        }
        if (!loop_goes_on())
            break;
    }
    shell.loop_depth--;
    return status;
}

static int execute_for(const struct node *node)
{
    static const struct word all = {.text = "\"$@\""};
    char **values = expand_words(node->all_parameters ? &all : node->words);
    int status = 0;

    shell.loop_depth++;
    for (; *values; values++) {
        if (!variable_set(node->name, *values))
            shell_error("%s: is read only", node->name);
        status = execute(node->right);
        if (!loop_goes_on())
            break;
    }
    shell.loop_depth--;
    return status;
}

static bool case_matches(const struct case_item *item, const char *value)
{
    for (const struct word *word = item->patterns; word; word = word->next) {
        if (fnmatch(expand_pattern(word->text), value, 0) == 0)
            return true;
    }
    return false;
}

static int execute_case(const struct node *node)
{
    const char *value = expand_string(node->name);
    const struct case_item *item = node->items;

    while (item && !case_matches(item, value))
        item = item->next;
    return item && item->body ? execute(item->body) : 0;
}

static int execute_function(const struct node *node)
{
    function_define(node->name, node->left);
    return 0;
}

static const struct {
    int (*function)(const struct node *node);
    bool checked;  // `set -e` looks at its status
} executors[] = {
    [NODE_SIMPLE] = {execute_command, true},
    [NODE_PIPELINE] = {execute_pipeline, true},
    [NODE_NOT] = {execute_not, false},
    [NODE_AND] = {execute_and, false},
    [NODE_OR] = {execute_or, false},
    [NODE_SEQUENCE] = {execute_sequence, false},
    [NODE_BACKGROUND] = {execute_background, false},
    [NODE_SUBSHELL] = {execute_subshell, true},
    [NODE_GROUP] = {execute_group, false},
    [NODE_IF] = {execute_if, false},
    [NODE_WHILE] = {execute_while, false},
    [NODE_UNTIL] = {execute_while, false},
    [NODE_FOR] = {execute_for, false},
    [NODE_CASE] = {execute_case, false},
    [NODE_FUNCTION] = {execute_function, false},
};

static int execute_redirected(const struct node *node)
{
    struct saved_fd *saved = NULL;
    int status = 1;

    if (redirect_apply(node->redirects, &saved))
        status = executors[node->type].function(node);
    redirect_restore(saved);
    return status;
}

// What was expanded for a command is given back after it.
int execute(const struct node *node)
{
    struct arena_mark mark = arena_mark(&scratch);
    int status;

    traps_run();
    if (shell.interrupted && shell.interactive)
        shell_abandon(130);
    if (node->redirects && node->type != NODE_SIMPLE)
        status = execute_redirected(node);
    else
        status = executors[node->type].function(node);
    arena_release(&scratch, mark);
    shell.status = status;
    if (status && shell.exit_on_error && executors[node->type].checked &&
        shell.condition_depth == 0 && !shell.flow)
        shell_exit(status);
    return status;
}

// True if nothing is left to do in this process but that simple command.
static bool is_last(struct source *source, const struct node *node)
{
    return source->final && node->type == NODE_SIMPLE && !traps_set() &&
           source_peek(source) == SOURCE_END;
}

// Parses and runs one line; its tree is in `tree`, and freed, unless a function
// that it defined goes on using it. Returns false at the end.
bool execute_line(struct source *source, struct arena *tree)
{
    struct arena_mark mark = arena_mark(&scratch);
    unsigned defined = functions_defined();
    struct node *node = NULL;

    switch (parse(source, tree, &node)) {
    case PARSE_END:
        return false;
    case PARSE_ERROR:
        shell_abandon(2);
    case PARSE_COMMAND:
        if (is_last(source, node))
            finish_with(node);
        execute(node);
        traps_run();
        break;
    case PARSE_NOTHING:
        break;
    }
    arena_release(&scratch, mark);
    if (functions_defined() == defined)
        arena_free(tree);
    tree->newest = NULL;
    return true;
}

int execute_source(struct source *source)
{
    struct arena tree = {0};

    while (!shell.flow && execute_line(source, &tree))
        continue;
    return shell.status;
}

int execute_string(const char *text)
{
    struct source source;
    int status;

    shell.status = 0;
    source_from_string(&source, text);
    status = execute_source(&source);
    source_close(&source);
    return status;
}

void execute_last(const char *text)
{
    struct source source;

    shell.status = 0;
    source_from_string(&source, text);
    source.final = true;
    shell_exit(execute_source(&source));
}
