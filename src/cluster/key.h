/* How nodes identify a channel: the kind of its registry, its app, its name.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* The kinds, as the scripts know them. */
#define CLUSTER_KEY_CHANNEL 'c'
#define CLUSTER_KEY_USER 'u'  /* the signed-in connections of a user */
#define CLUSTER_KEY_WATCH 'w' /* connections that watch a user */

/* Properties of a channel, for cluster_subscriptions() and cluster_await(). */
enum cluster_key_flags {
    CLUSTER_KEY_IS_PRESENCE = 1,
    CLUSTER_KEY_IS_CACHE = 2,
    CLUSTER_KEY_NOTIFIES_COUNT = 4, /* all subscribers, when the count changes */
};

struct cluster_key {
    char kind;
    struct bytes app_id;
    struct bytes name;
};

/* "c3:app:name": the length says where the app's id ends, so the id may contain any byte. */
void cluster_key_write(struct buffer *out, struct cluster_key key);

/* Borrows from `text`; false if it is not a key. */
bool cluster_key_read(struct bytes text, struct cluster_key *key);

/* Which of `count` partitions it belongs to: the same one for a user and for its watchers. */
size_t cluster_key_partition(struct cluster_key key, size_t count);
