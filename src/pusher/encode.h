/* Encodes the server's messages: `{"event":…,"channel":…,"data":"…"}`, with `data` as a JSON text
 * inside a JSON string. Only in errors it is an object, as typed clients require. Pusher Channels
 * protocol 7.
 *
 * Thread: the buffer's owner. Each function appends one whole message.
 */
#pragma once

#include "pusher/error.h"

void pusher_encode_connection_established(struct buffer *out, struct bytes socket_id,
                                          uint32_t activity_timeout_s);
void pusher_encode_error(struct buffer *out, enum pusher_error error);
void pusher_encode_ping(struct buffer *out);
void pusher_encode_pong(struct buffer *out);

/* `presence` is escaped already (channel_presence_snapshot()); absent for other channels. */
void pusher_encode_subscription_succeeded(struct buffer *out, struct bytes channel,
                                          struct bytes presence);
void pusher_encode_subscription_error(struct buffer *out, struct bytes channel,
                                      enum pusher_error error);
void pusher_encode_subscription_count(struct buffer *out, struct bytes channel, size_t count);
void pusher_encode_member_added(struct buffer *out, struct bytes channel, struct bytes user_id,
                                struct bytes user_info_json);
void pusher_encode_member_removed(struct buffer *out, struct bytes channel, struct bytes user_id);
void pusher_encode_cache_miss(struct buffer *out, struct bytes channel);
void pusher_encode_signin_success(struct buffer *out, struct bytes user_data);

/* `name` is "online" or "offline". */
void pusher_encode_watchlist(struct buffer *out, struct bytes name, const struct bytes *user_ids,
                             size_t user_ids_count);

/* An application's or a client's event: all parts are JSON as received, `data` may be absent;
 * `user_id` is that of the presence member that sent it, or absent. */
void pusher_encode_broadcast(struct buffer *out, struct bytes event_json, struct bytes channel_json,
                             struct bytes data_json, struct bytes user_id);
