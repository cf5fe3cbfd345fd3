// SPDX-License-Identifier: MIT
//
// Tokens to a tree, by recursive descent along the grammar of POSIX.1-2017,
// XCU 2.10; the commands themselves are in command.c. One call parses one line,
// or as many as its last command needs.

#include "parser.h"

#include <string.h>

void *parser_allocate(struct parser *parser, size_t size)
{
    return arena_alloc(parser->lexer.arena, size);
}

struct node *parser_node(struct parser *parser, enum node_type type,
                         struct node *left, struct node *right)
{
    struct node *node = parser_allocate(parser, sizeof(*node));

    node->type = type;
    node->left = left;
    node->right = right;
    return node;
}

struct token *peek(struct parser *parser)
{
    if (!parser->have_token) {
        parser->token = lexer_token(&parser->lexer);
        parser->have_token = true;
    }
    return &parser->token;
}

void advance(struct parser *parser)
{
    parser->have_token = false;
}

void unexpected(struct parser *parser)
{
    lexer_error(&parser->lexer, peek(parser)->text);
}

bool accept(struct parser *parser, enum token_type type)
{
    if (peek(parser)->type != type)
        return false;
    advance(parser);
    return true;
}

// A reserved word is one only where a command may begin, and unquoted.
bool at_word(struct parser *parser, const char *text)
{
    struct token *token = peek(parser);

    return token->type == TOKEN_WORD && strcmp(token->text, text) == 0;
}

bool accept_word(struct parser *parser, const char *text)
{
    if (!at_word(parser, text))
        return false;
    advance(parser);
    return true;
}

void expect_word(struct parser *parser, const char *text)
{
    if (!accept_word(parser, text))
        unexpected(parser);
}

const char *take_word(struct parser *parser)
{
    const char *text = peek(parser)->text;

    if (peek(parser)->type != TOKEN_WORD)
        unexpected(parser);
    advance(parser);
    return text;
}

void skip_newlines(struct parser *parser)
{
    while (accept(parser, TOKEN_NEWLINE))
        continue;
}

// Reserved words that end a list: none of them begins a command.
bool at_list_end(struct parser *parser)
{
    static const char *const ends[] = {"then", "elif", "else", "fi",
                                       "do",   "done", "esac", "}"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (at_word(parser, ends[i]))
            return true;
    }
    switch (peek(parser)->type) {
    case TOKEN_END:
    case TOKEN_CLOSE:
    case TOKEN_DOUBLE_SEMI:
        return true;
    default:
        return false;
    }
}

static struct node *parse_pipeline(struct parser *parser)
{
    bool negated = accept_word(parser, "!");
    struct node *first = parse_command(parser);
    struct node *last = first;

    while (accept(parser, TOKEN_PIPE)) {
        skip_newlines(parser);
        last->next = parse_command(parser);
        last = last->next;
    }
    if (first->next)
        first = parser_node(parser, NODE_PIPELINE, first, NULL);
    return negated ? parser_node(parser, NODE_NOT, first, NULL) : first;
}

static struct node *parse_and_or(struct parser *parser)
{
    struct node *node = parse_pipeline(parser);

    for (;;) {
        enum node_type type;

        if (accept(parser, TOKEN_AND_IF))
            type = NODE_AND;
        else if (accept(parser, TOKEN_OR_IF))
            type = NODE_OR;
        else
            return node;
        skip_newlines(parser);
        node = parser_node(parser, type, node, parse_pipeline(parser));
    }
}

// Takes the separator after `node`, and says in *more if there was one.
static struct node *parse_separator(struct parser *parser, struct node *node,
                                    bool *more)
{
    if (accept(parser, TOKEN_AMPERSAND)) {
        *more = true;
        return parser_node(parser, NODE_BACKGROUND, node, NULL);
    }
    *more = accept(parser, TOKEN_SEMI);
    return node;
}

static struct node *join(struct parser *parser, struct node *list,
                         struct node *node)
{
    return list ? parser_node(parser, NODE_SEQUENCE, list, node) : node;
}

// Commands up to a reserved word or a closing parenthesis; at least one.
struct node *parse_list(struct parser *parser)
{
    struct node *list = NULL;
    bool more;

    skip_newlines(parser);
    do {
        struct node *node = parse_and_or(parser);

        node = parse_separator(parser, node, &more);
        more |= peek(parser)->type == TOKEN_NEWLINE;
        skip_newlines(parser);
        list = join(parser, list, node);
    } while (more && !at_list_end(parser));
    return list;
}

// Commands up to the end of the line.
static struct node *parse_line(struct parser *parser)
{
    struct node *list = NULL;
    bool more;

    do {
        struct node *node = parse_and_or(parser);

        node = parse_separator(parser, node, &more);
        list = join(parser, list, node);
    } while (more && peek(parser)->type != TOKEN_NEWLINE &&
             peek(parser)->type != TOKEN_END);
    if (!accept(parser, TOKEN_NEWLINE) && !accept(parser, TOKEN_END))
        unexpected(parser);
    return list;
}

// Stores the tree of the next line in *tree; it lives in `arena`. After an
// error, the rest of what was read is thrown away.
enum parse_result parse(struct source *source, struct arena *arena,
                        struct node **tree)
{
    struct parser parser = {.lexer = {.source = source, .arena = arena}};

    source->continued = false;
    if (setjmp(parser.lexer.error)) {
        source->position = source->line.length;
        return PARSE_ERROR;
    }
    if (accept(&parser, TOKEN_END))
        return PARSE_END;
    if (accept(&parser, TOKEN_NEWLINE))
        return PARSE_NOTHING;
    *tree = parse_line(&parser);
    return PARSE_COMMAND;
}
