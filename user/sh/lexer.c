// SPDX-License-Identifier: MIT
//
// Splits the source into tokens (POSIX.1-2017, XCU 2.3). A word is kept as it
// was typed; here quotes matter only for finding its end.

#include "sh.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *text;
    enum token_type type;
} operators[] = {
    // A longer operator stands before its prefixes.
    {"&&", TOKEN_AND_IF},      {"||", TOKEN_OR_IF},  {";;", TOKEN_DOUBLE_SEMI},
    {"<<-", TOKEN_DLESS_DASH}, {"<<", TOKEN_DLESS},  {"<&", TOKEN_LESS_AND},
    {"<>", TOKEN_LESS_GREAT},  {">>", TOKEN_DGREAT}, {">&", TOKEN_GREAT_AND},
    {">|", TOKEN_CLOBBER},     {"<", TOKEN_LESS},    {">", TOKEN_GREAT},
    {"|", TOKEN_PIPE},         {";", TOKEN_SEMI},    {"&", TOKEN_AMPERSAND},
    {"(", TOKEN_OPEN},         {")", TOKEN_CLOSE},
};

#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

// The word being read. One is enough: nothing is parsed while a word is read.
static struct buffer word;

static void copy_dollar(struct lexer *lexer);

void lexer_error(struct lexer *lexer, const char *near)
{
    shell_warn("line %d: syntax error near `%s'", lexer->source->line_number,
               near);
    longjmp(lexer->error, 1);
}

// Moves one character of the source into the word.
static int copy(struct lexer *lexer)
{
    int c = source_next(lexer->source);

    if (c == SOURCE_END)
        lexer_error(lexer, "end of input");
    buffer_add(&word, c);
    return c;
}

static void copy_escape(struct lexer *lexer)
{
    source_next(lexer->source);
    if (source_peek(lexer->source) == '\n') {
        source_next(lexer->source);
        return;
    }
    buffer_add(&word, '\\');
    if (source_peek(lexer->source) != SOURCE_END)
        copy(lexer);
}

static void copy_single_quoted(struct lexer *lexer)
{
    copy(lexer);
    while (copy(lexer) != '\'')
        continue;
}

static void copy_backquoted(struct lexer *lexer)
{
    int c;

    copy(lexer);
    while ((c = copy(lexer)) != '`') {
        if (c == '\\')
            copy(lexer);
    }
}

static void copy_double_quoted(struct lexer *lexer)
{
    copy(lexer);
    for (;;) {
        switch (source_peek(lexer->source)) {
        case '"':
            copy(lexer);
            return;
        case '\\':
            copy_escape(lexer);
            break;
        case '$':
            copy_dollar(lexer);
            break;
        case '`':
            copy_backquoted(lexer);
            break;
        default:
            copy(lexer);
        }
    }
}

// Copies one character, or a quoted string, or an expansion.
static void copy_piece(struct lexer *lexer)
{
    switch (source_peek(lexer->source)) {
    case '\'':
        copy_single_quoted(lexer);
        break;
    case '"':
        copy_double_quoted(lexer);
        break;
    case '\\':
        copy_escape(lexer);
        break;
    case '$':
        copy_dollar(lexer);
        break;
    case '`':
        copy_backquoted(lexer);
        break;
    default:
        copy(lexer);
    }
}

static void copy_comment(struct lexer *lexer)
{
    while (source_peek(lexer->source) != '\n')
        copy(lexer);
}

// Copies `( ... )`, with the parentheses inside it in pairs.
static void copy_parentheses(struct lexer *lexer)
{
    int depth = 0;

    do {
        int c = source_peek(lexer->source);

        depth += (c == '(') - (c == ')');
        if (c == '#' && isspace((unsigned char)word.text[word.length - 1]))
            copy_comment(lexer);
        else
            copy_piece(lexer);
    } while (depth > 0);
}

static void copy_braces(struct lexer *lexer)
{
    copy(lexer);
    while (source_peek(lexer->source) != '}')
        copy_piece(lexer);
    copy(lexer);
}

static void copy_dollar(struct lexer *lexer)
{
    copy(lexer);
    if (source_peek(lexer->source) == '(')
        copy_parentheses(lexer);
    else if (source_peek(lexer->source) == '{')
        copy_braces(lexer);
}

static bool ends_word(int c)
{
    return c == SOURCE_END || c == '\0' || strchr(" \t\n|&;<>()", c);
}

static struct token read_word(struct lexer *lexer)
{
    struct token token = {.type = TOKEN_WORD};
    int c;

    while (!ends_word(source_peek(lexer->source)))
        copy_piece(lexer);
    c = source_peek(lexer->source);
    if ((c == '<' || c == '>') && word.length > 0 &&
        strspn(word.text, "0123456789") == word.length)
        token.type = TOKEN_IO_NUMBER;
    token.text = arena_copy(lexer->arena, word.text, word.length);
    return token;
}

// Takes the longest operator. A second character is looked at only if the
// first could begin something longer, so that a lone `;` or `&` never makes a
// terminal wait.
static struct token read_operator(struct lexer *lexer)
{
    char text[4] = "";
    size_t length = 0, match = OPERATORS;

    for (;;) {
        size_t i;
        int c = source_peek(lexer->source);

        if (c == SOURCE_END || length >= sizeof(text) - 1)
            break;
        text[length] = c;
        for (i = 0; i < OPERATORS; i++) {
            if (strncmp(operators[i].text, text, length + 1) == 0)
                break;
        }
        if (i == OPERATORS)
            break;
        source_next(lexer->source);
        length++;
    }
    text[length] = '\0';
    for (match = 0; match < OPERATORS - 1; match++) {
        if (strcmp(operators[match].text, text) == 0)
            break;
    }
    return (struct token){operators[match].type, operators[match].text};
}

// Reads a line of a here-document into `word`, without its newline.
static bool read_line(struct lexer *lexer, bool strip_tabs)
{
    int c;

    buffer_clear(&word);
    while (strip_tabs && source_peek(lexer->source) == '\t')
        source_next(lexer->source);
    if (source_peek(lexer->source) == SOURCE_END)
        return false;
    while ((c = source_next(lexer->source)) != '\n' && c != SOURCE_END)
        buffer_add(&word, c);
    return true;
}

static void read_here_document(struct lexer *lexer, struct redirect *redirect)
{
    const char *end = expand_string(redirect->word);
    struct buffer body = {.arena = lexer->arena};

    redirect->literal = strpbrk(redirect->word, "'\"\\") != NULL;
    buffer_clear(&body);
    while (read_line(lexer, redirect->strip_tabs) &&
           strcmp(word.text, end) != 0) {
        buffer_append(&body, word.text, word.length);
        buffer_add(&body, '\n');
    }
    redirect->word = body.text;
}

// Tells the lexer that the lines after the next newline belong to `redirect`,
// whose word is their delimiter.
void lexer_here_document(struct lexer *lexer, struct redirect *redirect)
{
    struct pending_here *pending = arena_alloc(lexer->arena, sizeof(*pending));
    struct pending_here **last = &lexer->pending;

    pending->redirect = redirect;
    while (*last)
        last = &(*last)->next;
    *last = pending;
}

static struct token read_newline(struct lexer *lexer)
{
    source_next(lexer->source);
    for (; lexer->pending; lexer->pending = lexer->pending->next)
        read_here_document(lexer, lexer->pending->redirect);
    return (struct token){TOKEN_NEWLINE, "newline"};
}

static void skip_blanks(struct lexer *lexer)
{
    struct source *source = lexer->source;

    while (source_peek(source) == ' ' || source_peek(source) == '\t')
        source_next(source);
    if (source_peek(source) == '#') {
        while (source_peek(source) != '\n' && source_peek(source) != SOURCE_END)
            source_next(source);
    }
}

// Leaves `word` empty, or with the escaped character that the word begins
// with. Returns true if it was the end of a line that goes on in the next.
static bool skip_continuation(struct lexer *lexer)
{
    buffer_clear(&word);
    if (source_peek(lexer->source) != '\\')
        return false;
    copy_escape(lexer);
    return word.length == 0;
}

struct token lexer_token(struct lexer *lexer)
{
    int c;

    do {
        skip_blanks(lexer);
    } while (skip_continuation(lexer));
    c = source_peek(lexer->source);
    if (c == SOURCE_END && word.length == 0)
        return (struct token){TOKEN_END, "end of input"};
    lexer->source->continued = true;
    if (c == '\n' && word.length == 0)
        return read_newline(lexer);
    if (word.length == 0 && c != '\0' && strchr("|&;<>()", c))
        return read_operator(lexer);
    return read_word(lexer);
}
