// SPDX-License-Identifier: MIT
//
// Circular doubly linked lists whose links live in the elements.

#pragma once

#include <lib/types.h>

struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

#define LIST_INIT(l) \
    {                \
        &(l), &(l)   \
    }

static inline void list_init(struct list_node *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list_node *l)
{
    return l->next == l;
}

// Put n after at (at a list's head: in front of all).
static inline void list_insert(struct list_node *at, struct list_node *n)
{
    n->next = at->next;
    n->prev = at;
    at->next->prev = n;
    at->next = n;
}

static inline void list_push_front(struct list_node *l, struct list_node *n)
{
    list_insert(l, n);
}

static inline void list_push_back(struct list_node *l, struct list_node *n)
{
    list_insert(l->prev, n);
}

// Unlink n; it is a list of its own afterwards, so removing twice is harmless.
static inline void list_remove(struct list_node *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}

// Move all of from to the end of to.
static inline void list_splice_back(struct list_node *to,
                                    struct list_node *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define list_entry(n, type, member) container_of(n, type, member)
#define list_first(l, type, member) list_entry((l)->next, type, member)

// The first element, unlinked, or NULL.
#define list_pop_front(l, type, member)                    \
    ({                                                     \
        struct list_node *pop_head = (l);                  \
        struct list_node *pop_node = pop_head->next;       \
        type *popped = NULL;                               \
        if (pop_node != pop_head) {                        \
            list_remove(pop_node);                         \
            popped = container_of(pop_node, type, member); \
        }                                                  \
        popped;                                            \
    })

#define list_for_each(e, l, member)                                        \
    for (e = list_entry((l)->next, typeof(*e), member); &e->member != (l); \
         e = list_entry(e->member.next, typeof(*e), member))

// As above; the body may unlink and free e.
#define list_for_each_safe(e, tmp, l, member)                 \
    for (e = list_entry((l)->next, typeof(*e), member),       \
        tmp = list_entry(e->member.next, typeof(*e), member); \
         &e->member != (l);                                   \
         e = tmp, tmp = list_entry(tmp->member.next, typeof(*e), member))
