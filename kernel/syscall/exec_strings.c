// SPDX-License-Identifier: MIT
//
// Lists of strings for execve: argv and envp in kernel memory, between the old
// address space and the new.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <string.h>

#include "exec.h"

#define FIRST_CAPACITY 1024

static int grow(struct strings *strings, size_t capacity)
{
    char *data = krealloc(strings->data, capacity);
    if (!data)
        return -ENOMEM;
    strings->data = data;
    strings->capacity = capacity;
    return 0;
}

static int make_room(struct strings *strings, size_t n)
{
    if (strings->used + n <= strings->capacity)
        return 0;
    return grow(strings, MAX(2 * strings->capacity, strings->used + n));
}

int strings_add(struct strings *strings, const char *s)
{
    size_t n = strlen(s) + 1;
    int error = make_room(strings, n);
    if (error)
        return error;
    memcpy(strings->data + strings->used, s, n);
    strings->used += n;
    strings->count++;
    return 0;
}

int strings_prepend(struct strings *strings, const char *s)
{
    size_t n = strlen(s) + 1;
    int error = make_room(strings, n);
    if (error)
        return error;
    memmove(strings->data + n, strings->data, strings->used);
    memcpy(strings->data, s, n);
    strings->used += n;
    strings->count++;
    return 0;
}

// The length of a user string shows only as it is copied, so try with the room
// that there is, and with more while that was too little.
int strings_add_user(struct strings *strings, uaddr s)
{
    size_t capacity = MAX(strings->capacity, (size_t)FIRST_CAPACITY);
    for (;; capacity *= 2) {
        int error = capacity > strings->capacity ? grow(strings, capacity) : 0;
        if (error)
            return error;
        size_t room = MIN(capacity - strings->used, (size_t)STRING_MAX);
        char *to = strings->data + strings->used;
        ssize_t n = copy_string_from_user(to, s, room);
        if (n >= 0) {
            strings->used += n + 1;
            strings->count++;
            return 0;
        }
        if (n != -ENAMETOOLONG)
            return n;
        if (room == STRING_MAX)
            return -E2BIG;
    }
}
