/* A doubly linked list whose links live in its elements. The head is a link too; an empty list
 * points to itself, and so does a link that is in no list.
 *
 * Thread: the list owner's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The struct of type `type` whose member `member` is `link`. */
#define LIST_OWNER(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Iterates over the list. The current element may be removed meanwhile, others may not. */
#define LIST_EACH(link, following, head)                                            \
    for (struct list *link = (head)->next, *following = link->next; link != (head); \
         link = following, following = link->next)

static inline void list_init(struct list *link)
{
    link->next = link;
    link->prev = link;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_append(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Removing a link that is in no list does nothing. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}
