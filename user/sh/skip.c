// SPDX-License-Identifier: MIT
//
// Finds where an expansion inside a word ends. The lexer has already seen the
// word, so what was opened is normally closed; in the text of a here-document
// it may not be, and then the end of the text is the end.

#include "sh.h"

#include <string.h>

// Skips to after the next unescaped `end`; text[0] is the opening character.
static size_t skip_to(const char *text, char end)
{
    size_t i = 1;

    while (text[i] && text[i] != end) {
        if (text[i] == '\\' && text[i + 1] && end != '\'')
            i++;
        else if (text[i] == '$' && end == '"')
            i += skip_dollar(text + i) - 1;
        i++;
    }
    return text[i] ? i + 1 : i;
}

size_t skip_backquote(const char *text)
{
    return skip_to(text, '`');
}

static size_t skip_piece(const char *text)
{
    switch (*text) {
    case '\'':
    case '"':
    case '`':
        return skip_to(text, *text);
    case '\\':
        return text[1] ? 2 : 1;
    case '$':
        return skip_dollar(text);
    default:
        return 1;
    }
}

static size_t skip_parentheses(const char *text)
{
    size_t i = 0;
    int depth = 0;

    do {
        depth += (text[i] == '(') - (text[i] == ')');
        if (text[i] == '#' && i > 0 && strchr(" \t\n", text[i - 1]))
            i += strcspn(text + i, "\n");
        else
            i += skip_piece(text + i);
    } while (depth > 0 && text[i]);
    return i;
}

// text begins with `$`: the length of `$(...)` or `${...}`, else 1.
size_t skip_dollar(const char *text)
{
    size_t i = 1;

    if (text[1] == '(')
        return 1 + skip_parentheses(text + 1);
    if (text[1] != '{')
        return 1;
    while (text[i] && text[i] != '}')
        i += skip_piece(text + i);
    return text[i] ? i + 1 : i;
}
