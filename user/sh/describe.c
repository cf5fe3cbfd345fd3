// SPDX-License-Identifier: MIT
//
// The text of a job, for `jobs` and the like: made from its tree, in one line
// and cut short.

#include "sh.h"

#include <string.h>

static void add(struct buffer *text, const char *piece)
{
    buffer_append(text, piece, strlen(piece));
}

static void add_words(struct buffer *text, const struct word *word)
{
    for (; word; word = word->next) {
        if (text->length > 0)
            buffer_add(text, ' ');
        add(text, word->text);
    }
}

static void add_node(struct buffer *text, const struct node *node)
{
    switch (node->type) {
    case NODE_SIMPLE:
        add_words(text, node->assignments);
        add_words(text, node->words);
        break;
    case NODE_PIPELINE:
        for (node = node->left; node; node = node->next) {
            add_node(text, node);
            if (node->next)
                add(text, " |");
        }
        break;
    case NODE_BACKGROUND:
        add_node(text, node->left);
        break;
    default:
        add(text, text->length ? " (...)" : "(...)");
    }
}

// In the scratch arena.
const char *describe(const struct node *node)
{
    struct buffer text = {.arena = &scratch};

    buffer_clear(&text);
    add_node(&text, node);
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '\n')
            text.text[i] = ' ';
    }
    return text.text;
}
