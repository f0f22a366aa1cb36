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

/* One more connection of `user_id`; `is_first` says that the user was not there before. What is
 * shown of a member is `user_info`, a JSON text, of the first connection. */
struct channel_presence_member *channel_presence_join(struct channel_presence *presence,
                                                      struct bytes user_id, struct bytes user_info,
                                                      bool *is_first);

/* One connection less; true where it was the member's last: `member` is freed then. */
bool channel_presence_leave(struct channel_presence *presence,
                            struct channel_presence_member *member);

/* Whether the member has one connection left: its leaving would be the member's. */
bool channel_presence_is_last(const struct channel_presence_member *member);

struct bytes channel_presence_user_id(const struct channel_presence_member *member);
size_t channel_presence_count(const struct channel_presence *presence);

/* The member at `index` of channel_presence_count(). */
const struct channel_presence_member *channel_presence_at(const struct channel_presence *presence,
                                                          size_t index);

/* `{"count":…,"ids":[…],"hash":{…}}`, escaped to stand inside a JSON string. Made anew only after a
 * change; borrowed until the next. */
struct bytes channel_presence_snapshot(struct channel_presence *presence);
