/* What a channel is called among nodes: the kind of its registry, its app, its name.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* The kinds, as the scripts know them. */
#define CLUSTER_KEY_CHANNEL 'c'
#define CLUSTER_KEY_USER 'u'  /* a user's connections that have signed in */
#define CLUSTER_KEY_WATCH 'w' /* connections that watch a user */

/* What is true of a channel for cluster_subscriptions() and cluster_await(). */
enum cluster_key_flags {
    CLUSTER_KEY_IS_PRESENCE = 1,
    CLUSTER_KEY_IS_CACHE = 2,
    CLUSTER_KEY_NOTIFIES_COUNT = 4, /* to all subscribers, when it changes */
};

struct cluster_key {
    char kind;
    struct bytes app_id;
    struct bytes name;
};

/* "c3:app:name": the app's length tells where it ends, whatever is in it. */
void cluster_key_write(struct buffer *out, struct cluster_key key);

/* Borrowed from `text`; false where it is no key. */
bool cluster_key_read(struct bytes text, struct cluster_key *key);

/* Which of `count` partitions it belongs to; a user and who watches it to the same one. */
size_t cluster_key_partition(struct cluster_key key, size_t count);
