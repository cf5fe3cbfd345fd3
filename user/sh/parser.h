// SPDX-License-Identifier: MIT
//
// Between the two halves of the parser: parser.c has the tokens and the lists
// of commands, command.c the commands that they are made of.
#pragma once

#include "sh.h"

struct parser {
    struct lexer lexer;
    struct token token;  // looked at, not taken; valid if have_token
    bool have_token;
};

// parser.c
void *parser_allocate(struct parser *parser, size_t size);
struct node *parser_node(struct parser *parser, enum node_type type,
                         struct node *left, struct node *right);
struct token *peek(struct parser *parser);
void advance(struct parser *parser);
bool accept(struct parser *parser, enum token_type type);
bool at_word(struct parser *parser, const char *text);
bool accept_word(struct parser *parser, const char *text);
void expect_word(struct parser *parser, const char *text);
const char *take_word(struct parser *parser);
void skip_newlines(struct parser *parser);
bool at_list_end(struct parser *parser);
struct node *parse_list(struct parser *parser);
_Noreturn void unexpected(struct parser *parser);

// command.c
struct node *parse_command(struct parser *parser);
