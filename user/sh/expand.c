// SPDX-License-Identifier: MIT
//
// Words to fields (POSIX.1-2017, XCU 2.6): quotes, expansions, field
// splitting, file name patterns. While a field is being made, a character that
// was quoted has a backslash before it, which is what glob() and fnmatch()
// want to see; the backslashes go when the field is done.

#include "sh.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// Adds a character to the field.
void expansion_add(struct expansion *e, char c, bool quoted)
{
    e->started = true;
    e->ended_by_blank = false;
    if ((e->glob || e->pattern) &&
        (c == '\\' || (quoted && strchr("*?[]-!^", c))))
        buffer_add(&e->field, '\\');
    buffer_add(&e->field, c);
}

static void add_field(struct expansion *e, const char *text)
{
    // The vector doubles at each power of two.
    if ((e->count & (e->count - 1)) == 0) {
        char **fields =
            arena_alloc(&scratch, (2 * e->count + 2) * sizeof(*fields));

        if (e->count > 0)
            memcpy(fields, e->fields, e->count * sizeof(*fields));
        e->fields = fields;
    }
    e->fields[e->count++] = arena_copy(&scratch, text, strlen(text));
    e->fields[e->count] = NULL;
}

// A lone [ is the command, not a pattern: no folder need be read for it.
static bool has_pattern(const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            text++;
        else if (strchr("*?", *text) || (*text == '[' && strchr(text, ']')))
            return true;
    }
    return false;
}

static void remove_backslashes(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text == '\\')
            text++;
        *to++ = *text;
    }
    *to = '\0';
}

// Adds the names that match the pattern. Returns false if there are none.
static bool add_matches(struct expansion *e, const char *pattern)
{
    glob_t found;
    int error = glob(pattern, 0, NULL, &found);

    if (error == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            add_field(e, found.gl_pathv[i]);
        globfree(&found);
    }
    return error == 0;
}

void expansion_end_field(struct expansion *e)
{
    buffer_append(&e->field, "", 0);
    if (shell.no_glob || !has_pattern(e->field.text) ||
        !add_matches(e, e->field.text)) {
        remove_backslashes(e->field.text);
        add_field(e, e->field.text);
    }
    buffer_clear(&e->field);
    e->started = false;
}

// Blanks in $IFS between fields count as one; any other character of $IFS ends
// a field by itself, and takes the blanks around it along.
static void split(struct expansion *e, char c)
{
    bool blank = strchr(" \t\n", c);

    if (e->started) {
        expansion_end_field(e);
        e->ended_by_blank = blank;
    } else if (!blank && !e->ended_by_blank) {
        expansion_end_field(e);
    } else if (!blank) {
        e->ended_by_blank = false;
    }
}

// Adds the result of an expansion.
void expansion_value(struct expansion *e, const char *value, bool quoted)
{
    const char *separators = variable_get("IFS");

    if (!separators)
        separators = " \t\n";
    for (; *value; value++) {
        if (e->split && !quoted && strchr(separators, *value))
            split(e, *value);
        else
            expansion_add(e, *value, quoted);
    }
}

// Reads all that the command writes, into the scratch arena.
static char *read_output(int fd)
{
    struct buffer output = {.arena = &scratch};
    char data[4096];
    ssize_t n;

    buffer_clear(&output);
    while ((n = read(fd, data, sizeof(data))) > 0 ||
           (n < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < n; i++) {
            if (data[i])
                buffer_add(&output, data[i]);
        }
    }
    while (output.length > 0 && output.text[output.length - 1] == '\n')
        output.text[--output.length] = '\0';
    return output.text;
}

char *substitute_command(const char *text, size_t length)
{
    char *command = arena_copy(&scratch, text, length);
    struct job *job = job_create("");
    char *output;
    int ends[2];

    if (pipe(ends) < 0)
        shell_error("pipe: %s", strerror(errno));
    if (job_fork(job, true) == 0) {
        close(ends[0]);
        if (ends[1] != 1) {
            dup2(ends[1], 1);
            close(ends[1]);
        }
        execute_last(command);
    }
    close(ends[1]);
    output = read_output(ends[0]);
    close(ends[0]);
    shell.status = job_wait(job);
    shell.substituted = true;
    return output;
}

// text begins with a backquote. Returns how much of it was used.
static size_t expand_backquote(struct expansion *e, const char *text,
                               bool quoted)
{
    size_t length = skip_backquote(text);
    struct buffer command = {.arena = &scratch};

    for (size_t i = 1; i + 1 < length; i++) {
        if (text[i] == '\\' && strchr("$`\\", text[i + 1]))
            i++;
        buffer_add(&command, text[i]);
    }
    if (command.length > 0)
        expansion_value(e, substitute_command(command.text, command.length),
                        quoted);
    return length;
}

// text begins with a backslash. Returns how much of it was used.
static size_t expand_escape(struct expansion *e, const char *text, bool quoted)
{
    const char *special = e->here ? "$`\\\n" : "$`\\\"\n";

    if (!text[1] || (quoted && !strchr(special, text[1]))) {
        expansion_add(e, '\\', true);
        return 1;
    }
    if (text[1] != '\n')
        expansion_add(e, text[1], true);
    return 2;
}

static size_t expand_single_quotes(struct expansion *e, const char *text)
{
    size_t i;

    e->started = true;
    for (i = 1; text[i] && text[i] != '\''; i++)
        expansion_add(e, text[i], true);
    return i + 1;
}

static size_t expand_tilde(struct expansion *e, const char *text)
{
    const char *home = variable_get("HOME");

    if (home && (text[1] == '\0' || text[1] == '/')) {
        while (*home)
            expansion_add(e, *home++, true);
    } else {
        expansion_add(e, '~', false);
    }
    return 1;
}

// Expands `length` characters of a word. `quoted` says that double quotes
// surround them all.
void expansion_text(struct expansion *e, const char *text, size_t length,
                    bool quoted)
{
    bool inside = quoted;
    size_t i = 0;

    if (length > 0 && text[0] == '~' && !quoted && !e->started)
        i = expand_tilde(e, text);
    while (i < length) {
        char c = text[i];

        if (c == '\'' && !inside) {
            i += expand_single_quotes(e, text + i);
        } else if (c == '"' && !e->here) {
            // "$@" without parameters is no field at all, "" is an empty one.
            e->started |= inside && !e->empty_list;
            e->empty_list = false;
            inside = quoted || !inside;
            i++;
        } else if (c == '\\') {
            i += expand_escape(e, text + i, inside);
        } else if (c == '$') {
            i += expand_parameter(e, text + i, inside);
        } else if (c == '`') {
            i += expand_backquote(e, text + i, inside);
        } else {
            expansion_add(e, c, inside);
            i++;
        }
    }
}

char **expand_words(const struct word *words)
{
    struct expansion e = {.split = true, .glob = true};

    e.field.arena = &scratch;
    e.fields = arena_alloc(&scratch, sizeof(*e.fields));
    for (; words; words = words->next) {
        e.empty_list = false;
        expansion_text(&e, words->text, strlen(words->text), false);
        if (e.started)
            expansion_end_field(&e);
    }
    return e.fields;
}

static char *expand_whole(struct expansion *e, const char *text)
{
    e->field.arena = &scratch;
    buffer_clear(&e->field);
    expansion_text(e, text, strlen(text), e->here);
    return e->field.text;
}

char *expand_string(const char *word)
{
    return expand_whole(&(struct expansion){0}, word);
}

char *expand_pattern(const char *word)
{
    return expand_whole(&(struct expansion){.pattern = true}, word);
}

char *expand_here(const char *text)
{
    return expand_whole(&(struct expansion){.here = true}, text);
}
