/* Who is in a presence channel: a user with several connections is one member.
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

/* One more connection of `user_id` on this node; `is_first` says that the user had none here. It
 * comes with `user_info`, a JSON text, and `*info` says which one that is among those of the user.
 * Whether a member is shown, and with which info, is another matter: a cluster decides that for
 * all nodes together. */
struct channel_presence_member *channel_presence_join(struct channel_presence *presence,
                                                      struct bytes user_id, struct bytes user_info,
                                                      bool *is_first, uint32_t *info);

/* One connection less, which came with `info`; true where it was the member's last here. Where it
 * is not shown it is freed then. `*is_info_new`: channel_presence_user_info() is another now. */
bool channel_presence_leave(struct channel_presence *presence,
                            struct channel_presence_member *member, uint32_t info,
                            bool *is_info_new);

/* Is a member from now on, and is none any more; false where it was before. What is shown of it is
 * what it was listed with last. */
bool channel_presence_list(struct channel_presence *presence, struct bytes user_id,
                           struct bytes user_info);
bool channel_presence_unlist(struct channel_presence *presence, struct bytes user_id);

bool channel_presence_is_listed(const struct channel_presence *presence, struct bytes user_id);

/* Whether it has one connection here: its leaving would be the member's. */
bool channel_presence_is_last(const struct channel_presence_member *member);

/* All members are shown anew: begins a round; then each of channel_presence_list(); then hides
 * those that were not shown in this round and have no connection here. `*index` begins as
 * channel_presence_count(); NULL where none is left of them. */
void channel_presence_begin_generation(struct channel_presence *presence);
const struct channel_presence_member *channel_presence_next_stale(
    const struct channel_presence *presence, size_t *index);

struct bytes channel_presence_user_id(const struct channel_presence_member *member);

/* What a connection that is there came with, the JSON text as it was given, appended; of a member
 * without connections here, what it was first listed with. */
void channel_presence_user_info(const struct channel_presence_member *member, struct buffer *out);
size_t channel_presence_count(const struct channel_presence *presence);

/* The shown member at `index` of channel_presence_count(). */
const struct channel_presence_member *channel_presence_at(const struct channel_presence *presence,
                                                          size_t index);

/* How long the snapshot is, nearly. */
size_t channel_presence_snapshot_len(const struct channel_presence *presence);

/* `{"count":…,"ids":[…],"hash":{…}}`, escaped to stand inside a JSON string. Made anew only after a
 * change; borrowed until the next. */
struct bytes channel_presence_snapshot(struct channel_presence *presence);
