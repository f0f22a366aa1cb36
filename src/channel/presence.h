/* The members of a presence channel: a user with several connections is one member.
 *
 * Thread: any, under the channel's state lock (channel/registry.h).
 */
#pragma once

#include "base/buffer.h"
#include "base/map.h"

struct channel_presence;
struct channel_presence_member;

struct channel_presence *channel_presence_new(void);
void channel_presence_free(struct channel_presence *presence); /* NULL is fine */

/* Adds a connection of `user_id` on this node; `is_first`: the user had none on this node. It comes
 * with `user_info`, a JSON text; `*info` is the number of that text among the user's. Joining does
 * not list the member: a cluster decides for all nodes together whether it is listed, and with
 * which info. */
struct channel_presence_member *channel_presence_join(struct channel_presence *presence,
                                                      struct bytes user_id, struct bytes user_info,
                                                      bool *is_first, uint32_t *info);

/* Removes a connection that joined with `info`; true if it was the member's last on this node. A
 * member that is not listed either is freed then. `*is_info_new`: channel_presence_user_info() has
 * changed. */
bool channel_presence_leave(struct channel_presence *presence,
                            struct channel_presence_member *member, uint32_t info,
                            bool *is_info_new);

/* Lists and unlists a member; false if it was listed, or not listed, before. The info that it was
 * last listed with replaces the one before. */
bool channel_presence_list(struct channel_presence *presence, struct bytes user_id,
                           struct bytes user_info);
bool channel_presence_unlist(struct channel_presence *presence, struct bytes user_id);

bool channel_presence_is_listed(const struct channel_presence *presence, struct bytes user_id);

/* Whether the member has only one connection on this node. */
bool channel_presence_is_last(const struct channel_presence_member *member);

/* To replace the list: begin a generation, channel_presence_list() each member of it, then unlist
 * each stale one, which was not listed in this generation and has no connection on this node.
 * `*index` begins as channel_presence_count(); NULL if no stale member is left. */
void channel_presence_begin_generation(struct channel_presence *presence);
const struct channel_presence_member *channel_presence_next_stale(
    const struct channel_presence *presence, size_t *index);

struct bytes channel_presence_user_id(const struct channel_presence_member *member);

/* Appends the info of one of the member's connections on this node, the JSON text as it was given;
 * of a member without any, the first info known of it. */
void channel_presence_user_info(const struct channel_presence_member *member, struct buffer *out);
size_t channel_presence_count(const struct channel_presence *presence);

/* The listed member at `index`, below channel_presence_count(). */
const struct channel_presence_member *channel_presence_at(const struct channel_presence *presence,
                                                          size_t index);

/* The approximate length of the snapshot. */
size_t channel_presence_snapshot_len(const struct channel_presence *presence);

/* `{"count":…,"ids":[…],"hash":{…}}`, escaped to stand inside a JSON string. Rebuilt only after a
 * change; borrowed until the next change. */
struct bytes channel_presence_snapshot(struct channel_presence *presence);
