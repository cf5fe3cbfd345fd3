// SPDX-License-Identifier: MIT
//
// Text that grows, for files under /proc.

#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Make room for n more bytes and a terminator.
static bool reserve(struct text *text, size_t n)
{
    if (text->failed)
        return false;
    if (text->length + n < text->capacity)
        return true;
    size_t capacity = MAX(text->capacity * 2, text->length + n + 1);
    char *data = krealloc(text->data, MAX(capacity, 512ul));
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = kmalloc_size(data);
    return true;
}

void text_append(struct text *text, const void *data, size_t n)
{
    if (!reserve(text, n))
        return;
    memcpy(text->data + text->length, data, n);
    text->length += n;
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    int n = 0;

    // Twice at most: the first time tells how much room it takes.
    do {
        if (!reserve(text, (size_t)n))
            return;
        va_start(args, format);
        n = vsnprintf(text->data + text->length, text->capacity - text->length,
                      format, args);
        va_end(args);
    } while (n > 0 && text->length + (size_t)n >= text->capacity);
    if (n > 0)
        text->length += (size_t)n;
}
