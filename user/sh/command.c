// SPDX-License-Identifier: MIT
//
// One command (POSIX.1-2017, XCU 2.9): simple, compound, or the definition of
// a function, with its redirections.

#include "parser.h"

#include <stdlib.h>
#include <string.h>

static struct word **append_word(struct parser *parser, struct word **last)
{
    struct word *word = parser_allocate(parser, sizeof(*word));

    word->text = take_word(parser);
    *last = word;
    return &word->next;
}

// Reads a redirection if there is one; `last` is where it is linked in.
static bool parse_redirect(struct parser *parser, struct redirect ***last)
{
    static const struct {
        enum redirect_type type;
        int fd;
    } kinds[] = {
        [TOKEN_LESS] = {REDIRECT_READ, 0},
        [TOKEN_GREAT] = {REDIRECT_WRITE, 1},
        [TOKEN_DGREAT] = {REDIRECT_APPEND, 1},
        [TOKEN_DLESS] = {REDIRECT_HERE, 0},
        [TOKEN_DLESS_DASH] = {REDIRECT_HERE, 0},
        [TOKEN_LESS_AND] = {REDIRECT_DUPLICATE, 0},
        [TOKEN_GREAT_AND] = {REDIRECT_DUPLICATE, 1},
        [TOKEN_LESS_GREAT] = {REDIRECT_READ_WRITE, 0},
        [TOKEN_CLOBBER] = {REDIRECT_WRITE, 1},
    };
    struct redirect *redirect;
    enum token_type type;
    int fd = -1;

    if (peek(parser)->type == TOKEN_IO_NUMBER) {
        fd = atoi(peek(parser)->text);
        advance(parser);
    }
    type = peek(parser)->type;
    if (type < TOKEN_LESS || type > TOKEN_CLOBBER)
        return false;
    advance(parser);

    redirect = parser_allocate(parser, sizeof(*redirect));
    redirect->type = kinds[type].type;
    redirect->fd = fd >= 0 ? fd : kinds[type].fd;
    redirect->word = take_word(parser);
    redirect->strip_tabs = type == TOKEN_DLESS_DASH;
    if (redirect->type == REDIRECT_HERE)
        lexer_here_document(&parser->lexer, redirect);
    **last = redirect;
    *last = &redirect->next;
    return true;
}

static void parse_redirects(struct parser *parser, struct node *node)
{
    struct redirect **last = &node->redirects;

    while (parse_redirect(parser, &last))
        continue;
}

static bool is_assignment(const char *text)
{
    size_t length = name_length(text);

    return length > 0 && text[length] == '=';
}

// name() compound-command; its name has been taken, its `(` seen.
static struct node *parse_function(struct parser *parser, const char *name)
{
    struct node *node = parser_node(parser, NODE_FUNCTION, NULL, NULL);

    advance(parser);
    if (name[name_length(name)] || !accept(parser, TOKEN_CLOSE))
        unexpected(parser);
    skip_newlines(parser);
    node->name = name;
    node->left = parse_command(parser);
    return node;
}

static struct node *parse_simple(struct parser *parser)
{
    struct node *node = parser_node(parser, NODE_SIMPLE, NULL, NULL);
    struct word **assignment = &node->assignments;
    struct word **word = &node->words;
    struct redirect **redirect = &node->redirects;

    for (;;) {
        if (parse_redirect(parser, &redirect))
            continue;
        if (peek(parser)->type == TOKEN_OPEN && node->words &&
            !node->words->next && !node->assignments && !node->redirects)
            return parse_function(parser, node->words->text);
        if (peek(parser)->type != TOKEN_WORD)
            break;
        if (!node->words && is_assignment(peek(parser)->text))
            assignment = append_word(parser, assignment);
        else
            word = append_word(parser, word);
    }
    if (!node->words && !node->assignments && !node->redirects)
        unexpected(parser);
    return node;
}

// What follows `if` or `elif`, up to and with `fi`.
static struct node *parse_if(struct parser *parser)
{
    struct node *node = parser_node(parser, NODE_IF, parse_list(parser), NULL);

    expect_word(parser, "then");
    node->right = parse_list(parser);
    if (accept_word(parser, "elif")) {
        node->otherwise = parse_if(parser);
        return node;
    }
    if (accept_word(parser, "else"))
        node->otherwise = parse_list(parser);
    expect_word(parser, "fi");
    return node;
}

static struct node *parse_do(struct parser *parser)
{
    struct node *body;

    expect_word(parser, "do");
    body = parse_list(parser);
    expect_word(parser, "done");
    return body;
}

static struct node *parse_loop(struct parser *parser, enum node_type type)
{
    struct node *condition = parse_list(parser);

    return parser_node(parser, type, condition, parse_do(parser));
}

static struct node *parse_for(struct parser *parser)
{
    struct node *node = parser_node(parser, NODE_FOR, NULL, NULL);
    struct word **last = &node->words;

    node->name = take_word(parser);
    if (name_length(node->name) != strlen(node->name))
        lexer_error(&parser->lexer, node->name);
    skip_newlines(parser);
    node->all_parameters = !accept_word(parser, "in");
    if (!node->all_parameters) {
        while (peek(parser)->type == TOKEN_WORD)
            last = append_word(parser, last);
    }
    accept(parser, TOKEN_SEMI);
    skip_newlines(parser);
    node->right = parse_do(parser);
    return node;
}

static struct case_item *parse_case_item(struct parser *parser)
{
    struct case_item *item = parser_allocate(parser, sizeof(*item));
    struct word **last = &item->patterns;

    accept(parser, TOKEN_OPEN);
    do {
        last = append_word(parser, last);
    } while (accept(parser, TOKEN_PIPE));
    if (!accept(parser, TOKEN_CLOSE))
        unexpected(parser);
    skip_newlines(parser);
    if (peek(parser)->type != TOKEN_DOUBLE_SEMI && !at_word(parser, "esac"))
        item->body = parse_list(parser);
    return item;
}

static struct node *parse_case(struct parser *parser)
{
    struct node *node = parser_node(parser, NODE_CASE, NULL, NULL);
    struct case_item **last = &node->items;

    node->name = take_word(parser);
    skip_newlines(parser);
    expect_word(parser, "in");
    skip_newlines(parser);
    while (!at_word(parser, "esac")) {
        *last = parse_case_item(parser);
        last = &(*last)->next;
        if (!accept(parser, TOKEN_DOUBLE_SEMI))
            break;
        skip_newlines(parser);
    }
    expect_word(parser, "esac");
    return node;
}

static struct node *parse_group(struct parser *parser)
{
    struct node *node =
        parser_node(parser, NODE_GROUP, parse_list(parser), NULL);

    expect_word(parser, "}");
    return node;
}

static struct node *parse_subshell(struct parser *parser)
{
    struct node *node =
        parser_node(parser, NODE_SUBSHELL, parse_list(parser), NULL);

    if (!accept(parser, TOKEN_CLOSE))
        unexpected(parser);
    return node;
}

// A compound command, or NULL if the next token does not begin one.
static struct node *parse_compound(struct parser *parser)
{
    if (accept(parser, TOKEN_OPEN))
        return parse_subshell(parser);
    if (accept_word(parser, "{"))
        return parse_group(parser);
    if (accept_word(parser, "if"))
        return parse_if(parser);
    if (accept_word(parser, "while"))
        return parse_loop(parser, NODE_WHILE);
    if (accept_word(parser, "until"))
        return parse_loop(parser, NODE_UNTIL);
    if (accept_word(parser, "for"))
        return parse_for(parser);
    if (accept_word(parser, "case"))
        return parse_case(parser);
    return NULL;
}

struct node *parse_command(struct parser *parser)
{
    struct node *node;

    if (at_list_end(parser))
        unexpected(parser);
    node = parse_compound(parser);
    if (!node)
        return parse_simple(parser);
    parse_redirects(parser, node);
    return node;
}
