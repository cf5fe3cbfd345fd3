// SPDX-License-Identifier: MIT
//
// The shell's one header. A command line goes through it in this order:
//
//     source -> lexer -> parser -> tree -> execute -> expand -> job
//
// A word stays as it was typed, quotes included, until it is expanded, so
// that `"$x"` in a loop's body is read once and expanded many times.
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// arena.c: memory that goes away all at once, or back to a mark.
struct arena {
    struct chunk *newest;
};

struct arena_mark {
    struct chunk *chunk;
    size_t used;
};

void *arena_alloc(struct arena *arena, size_t size);  // zeroed
char *arena_copy(struct arena *arena, const char *text, size_t length);
struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);
void arena_free(struct arena *arena);

// A growing string, always terminated once something was added.
struct buffer {
    char *text;
    size_t length;
    size_t capacity;
    struct arena *arena;  // owns the text; NULL: it is from malloc
};

void buffer_add(struct buffer *buffer, char c);
void buffer_append(struct buffer *buffer, const char *text, size_t length);
void buffer_clear(struct buffer *buffer);

// source.c: where the text of commands comes from.
struct source {
    struct buffer line;  // what was read and not yet all consumed
    size_t position;     // next character of the line
    int fd;              // or -1: the line is all there is
    bool prompts;        // a terminal: ask with $PS1 and $PS2
    bool continued;      // in the middle of a command: ask with $PS2
    int line_number;
    const char *name;  // for messages
    bool final;        // the shell ends with its last command
};

#define SOURCE_END (-1)

void source_from_string(struct source *source, const char *text);
void source_from_fd(struct source *source, int fd, const char *name);
void source_close(struct source *source);
int source_peek(struct source *source);
int source_next(struct source *source);

// The tree. A word's text still has its quotes and `$`.
struct word {
    struct word *next;
    const char *text;
};

enum redirect_type {
    REDIRECT_READ,        // <
    REDIRECT_WRITE,       // >
    REDIRECT_APPEND,      // >>
    REDIRECT_READ_WRITE,  // <>
    REDIRECT_DUPLICATE,   // <& >&: the word is a descriptor, or -
    REDIRECT_HERE,        // <<: the word is the whole document
};

struct redirect {
    struct redirect *next;
    enum redirect_type type;
    int fd;
    const char *word;
    bool literal;     // REDIRECT_HERE: nothing in it is expanded
    bool strip_tabs;  // REDIRECT_HERE: <<-
};

enum node_type {
    NODE_SIMPLE,      // assignments, words
    NODE_PIPELINE,    // left | right | ... : a list through `next`
    NODE_NOT,         // ! left
    NODE_AND,         // left && right
    NODE_OR,          // left || right
    NODE_SEQUENCE,    // left ; right
    NODE_BACKGROUND,  // left &
    NODE_SUBSHELL,    // ( left )
    NODE_GROUP,       // { left }
    NODE_IF,          // if left then right else otherwise
    NODE_WHILE,       // while left do right
    NODE_UNTIL,       // until left do right
    NODE_FOR,         // for name in words do right
    NODE_CASE,        // case name (a word) in items
    NODE_FUNCTION,    // name() left
};

struct case_item {
    struct case_item *next;
    struct word *patterns;
    struct node *body;  // or NULL
};

struct node {
    enum node_type type;
    bool all_parameters;  // NODE_FOR without `in`: "$@"
    struct word *assignments;
    struct word *words;
    struct redirect *redirects;
    struct node *left;
    struct node *right;
    struct node *otherwise;
    struct node *next;
    struct case_item *items;
    const char *name;
};

// lexer.c
enum token_type {
    TOKEN_WORD,
    TOKEN_IO_NUMBER,  // digits right before < or >
    TOKEN_NEWLINE,
    TOKEN_END,
    TOKEN_AND_IF,       // &&
    TOKEN_OR_IF,        // ||
    TOKEN_DOUBLE_SEMI,  // ;;
    TOKEN_LESS,         // <
    TOKEN_GREAT,        // >
    TOKEN_DGREAT,       // >>
    TOKEN_DLESS,        // <<
    TOKEN_DLESS_DASH,   // <<-
    TOKEN_LESS_AND,     // <&
    TOKEN_GREAT_AND,    // >&
    TOKEN_LESS_GREAT,   // <>
    TOKEN_CLOBBER,      // >|
    TOKEN_PIPE,
    TOKEN_SEMI,
    TOKEN_AMPERSAND,
    TOKEN_OPEN,
    TOKEN_CLOSE,
};

struct token {
    enum token_type type;
    const char *text;  // of a word or a number; else a name for messages
};

struct pending_here {
    struct pending_here *next;
    struct redirect *redirect;
};

struct lexer {
    struct source *source;
    struct arena *arena;  // owns the tokens' texts
    struct buffer word;
    struct pending_here *pending;  // here-documents after the next newline
    jmp_buf error;                 // taken by lexer_error
};

struct token lexer_token(struct lexer *lexer);
void lexer_here_document(struct lexer *lexer, struct redirect *redirect);
_Noreturn void lexer_error(struct lexer *lexer, const char *near);

// parser.c: one command line's worth (up to an unquoted newline).
enum parse_result {
    PARSE_COMMAND,
    PARSE_NOTHING,
    PARSE_END,
    PARSE_ERROR
};

enum parse_result parse(struct source *source, struct arena *arena,
                        struct node **tree);

// expand.c, parameter.c, skip.c, arith.c
char **expand_words(const struct word *words);  // fields, NULL-terminated
char *expand_string(const char *word);          // one string, quotes removed
char *expand_pattern(const char *word);         // for fnmatch()
char *expand_here(const char *text);
char *substitute_command(const char *text, size_t length);
long long evaluate(const char *expression);

extern struct arena scratch;  // what expansion made; released per command

// The inside of the expander, for parameter.c.
struct expansion {
    struct buffer field;  // quoted characters have a backslash before them
    bool started;         // there is a field, though it may be empty
    bool split;           // results of unquoted expansions are split
    bool glob;
    bool pattern;         // keep the backslashes
    bool empty_list;      // saw "$@" without parameters
    bool ended_by_blank;  // the field before this place
    bool here;            // here-document: '"' is an ordinary character
    char **fields;
    size_t count;
};

void expansion_add(struct expansion *e, char c, bool quoted);
void expansion_value(struct expansion *e, const char *value, bool quoted);
void expansion_end_field(struct expansion *e);
void expansion_text(struct expansion *e, const char *text, size_t length,
                    bool quoted);
size_t expand_parameter(struct expansion *e, const char *text, bool quoted);
size_t skip_dollar(const char *text);
size_t skip_backquote(const char *text);

// variable.c
void variables_init(char **environment);
const char *variable_get(const char *name);              // or NULL
bool variable_set(const char *name, const char *value);  // false: read-only
bool variable_unset(const char *name);
void variable_export(const char *name);
void variable_protect(const char *name);
void variables_print(bool exported, bool read_only);
char **variables_environment(void);    // in the scratch arena
size_t name_length(const char *text);  // of the identifier that it starts
void scope_enter(void);
void scope_leave(void);
void variable_local(const char *name);  // until the scope is left

// function.c: functions and the parameters that they are called with.
struct positional {
    char **values;  // $1 ..., NULL-terminated
    int count;
    bool owned;  // values and their strings are from malloc
};

extern struct positional positional;

void positional_set(int count, char **values);  // copies them
void positional_shift(int count);
const struct node *function_find(const char *name);  // its body, or NULL
void function_define(const char *name, const struct node *body);
bool function_unset(const char *name);
int function_call(const struct node *body, char **argv);
unsigned functions_defined(void);  // how often, ever

// execute.c
enum flow {
    FLOW_NEXT,
    FLOW_BREAK,
    FLOW_CONTINUE,
    FLOW_RETURN
};

int execute(const struct node *node);
bool execute_line(struct source *source, struct arena *tree);  // false: end
int execute_source(struct source *source);                     // until its end
int execute_string(const char *text);
_Noreturn void execute_last(const char *text);  // and end with its status

// simple.c: one command, with its words, assignments and redirections.
int execute_simple(const struct node *node, bool replace);
_Noreturn void execute_replace(char **argv);
char *find_command(const char *name);  // in $PATH, or NULL; in scratch

// redirect.c
struct saved_fd {
    struct saved_fd *next;
    int fd;
    int copy;  // or -1: was closed
};

bool redirect_apply(const struct redirect *list, struct saved_fd **saved);
void redirect_restore(struct saved_fd *saved);
void redirect_keep(struct saved_fd *saved);

// job.c: a job is the processes of one pipeline.
struct job;

struct job *job_create(const char *text);          // for messages; it is copied
pid_t job_fork(struct job *job, bool foreground);  // 0 in the child
int job_wait(struct job *job);  // in the foreground; the last one's status
void job_background(struct job *job);
pid_t job_target(const char *name);  // for kill(); 0: there is none
void jobs_init(void);
void jobs_notify(void);  // tells of jobs that ended or stopped

// describe.c
const char *describe(const struct node *node);  // in the scratch arena

// trap.c
void traps_init(void);
void traps_reset(void);  // in a child: the default for what is not ignored
void traps_run(void);
int traps_pending(void);  // a signal whose trap is still to run, or 0
bool traps_set(void);     // a command waits for some signal, or the exit
_Noreturn void shell_exit(int status);
int signal_number(const char *name);  // or -1; "0" and "EXIT" are 0
const char *signal_name(int number);  // or NULL

// builtin.c
typedef int builtin_function(int argc, char **argv);

struct builtin {
    const char *name;
    builtin_function *function;
    bool special;  // POSIX: assignments last, errors end a script
};

const struct builtin *builtin_find(const char *name);
bool *shell_option(char letter);  // of `set`; NULL: there is none
builtin_function builtin_bg, builtin_echo, builtin_fg, builtin_jobs,
    builtin_kill, builtin_printf, builtin_read, builtin_test, builtin_trap,
    builtin_wait;

// main.c: the state of the whole shell.
struct shell {
    const char *name;       // $0
    int status;             // $?
    pid_t pid;              // $$: of the first shell, also in subshells
    pid_t last_background;  // $!
    bool interactive;
    bool job_control;     // interactive, and standard input is a tty
    bool exit_on_error;   // set -e
    bool trace;           // set -x
    bool unset_is_error;  // set -u
    bool no_glob;         // set -f
    bool substituted;     // a word contained a command
    int condition_depth;  // inside if, while, &&, ||, !: -e does not act
    int loop_depth;
    int function_depth;        // functions and `.`: where return works
    enum flow flow;            // why lists and loops are being left
    int flow_count;            // loops still to leave or functions
    volatile int interrupted;  // ctrl-C reached the interactive shell
    sigjmp_buf *abandon;       // where an error goes back to, or NULL
};

extern struct shell shell;

void shell_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
// An error that ends a script (status 2), or the line at a prompt.
_Noreturn void shell_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void shell_abandon(int status);
