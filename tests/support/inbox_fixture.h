/* An inbox whose events are all recorded, for unit tests and fuzzers. */
#pragma once

#include "cluster/inbox.h"

/* `told` gets a line for each event: "event 1/room frame 0\n". */
struct inbox_fixture {
    struct cluster_inbox inbox;
    struct cluster_outbox outbox;
    struct cluster_state state;
    struct buffer told;
};

static inline void inbox_fixture_note(struct inbox_fixture *fixture, const char *what,
                                      struct bytes app_id, struct bytes name, struct bytes more,
                                      uint64_t number)
{
    buffer_printf(&fixture->told, "%s ", what);
    buffer_append_bytes(&fixture->told, app_id);
    buffer_append_char(&fixture->told, '/');
    buffer_append_bytes(&fixture->told, name);
    buffer_append_char(&fixture->told, ' ');
    buffer_append_bytes(&fixture->told, more);
    buffer_append_char(&fixture->told, ' ');
    buffer_append_number(&fixture->told, number);
    buffer_append_char(&fixture->told, '\n');
}

static inline void inbox_fixture_on_event(struct cluster_key key, uint64_t except,
                                          struct bytes frame, uint64_t ttl_ms, void *user)
{
    inbox_fixture_note(user, ttl_ms > 0 ? "kept event" : "event", key.app_id, key.name, frame,
                       except + ttl_ms);
}

static inline void inbox_fixture_on_members(struct cluster_key key,
                                            const struct cluster_member *members, size_t count,
                                            bool is_partial, void *user)
{
    for (size_t i = 0; i < count; i++)
        inbox_fixture_note(user, "member", key.app_id, members[i].user_id, members[i].user_info, i);
    inbox_fixture_note(user, is_partial ? "some" : "all", key.app_id, key.name, BYTES(""), count);
}

static inline void inbox_fixture_on_member_added(struct cluster_key key,
                                                 struct cluster_member member, bool is_ours,
                                                 void *user)
{
    inbox_fixture_note(user, "added", key.app_id, member.user_id, member.user_info, is_ours);
}

static inline void inbox_fixture_on_member_removed(struct cluster_key key, struct bytes user_id,
                                                   bool is_ours, void *user)
{
    inbox_fixture_note(user, "removed", key.app_id, key.name, user_id, is_ours);
}

static inline void inbox_fixture_on_kept(struct cluster_key key, struct bytes frame,
                                         uint64_t ttl_ms, void *user)
{
    inbox_fixture_note(user, "kept", key.app_id, key.name, frame, ttl_ms);
}

static inline void inbox_fixture_on_count(struct cluster_key key, uint64_t count, void *user)
{
    inbox_fixture_note(user, "count", key.app_id, key.name, BYTES(""), count);
}

static inline void inbox_fixture_on_ready(struct cluster_key key, struct cluster_waiter waiter,
                                          void *user)
{
    inbox_fixture_note(user, "ready", key.app_id, key.name, BYTES(""),
                       waiter.socket_id + waiter.token);
}

static inline void inbox_fixture_on_admitted(struct bytes app_id, uint64_t socket_id,
                                             bool is_admitted, void *user)
{
    inbox_fixture_note(user, is_admitted ? "admitted" : "refused", app_id, BYTES(""), BYTES(""),
                       socket_id);
}

static inline void inbox_fixture_on_online(struct cluster_key watch_key, bool is_online, void *user)
{
    inbox_fixture_note(user, "online", watch_key.app_id, watch_key.name, BYTES(""), is_online);
}

static inline void inbox_fixture_on_online_answer(struct cluster_key user_key,
                                                  struct cluster_waiter waiter, bool is_online,
                                                  void *user)
{
    inbox_fixture_note(user, is_online ? "is online" : "is offline", user_key.app_id, user_key.name,
                       BYTES(""), waiter.socket_id + waiter.token);
}

static inline void inbox_fixture_on_terminate(struct bytes app_id, struct bytes user_id, void *user)
{
    inbox_fixture_note(user, "terminate", app_id, user_id, BYTES(""), 0);
}

static inline void inbox_fixture_on_page(struct bytes key, struct bytes cursor, void *user)
{
    inbox_fixture_note(user, "page", key, BYTES(""), cursor, 0);
}

static inline void inbox_fixture_on_wide(char letter, uint64_t index, void *user)
{
    inbox_fixture_note(user, "wide", (struct bytes){&letter, 1}, BYTES(""), BYTES(""), index);
}

static const struct cluster_events inbox_fixture_events = {
    .on_event = inbox_fixture_on_event,
    .on_members = inbox_fixture_on_members,
    .on_member_added = inbox_fixture_on_member_added,
    .on_member_removed = inbox_fixture_on_member_removed,
    .on_cached = inbox_fixture_on_kept,
    .on_count = inbox_fixture_on_count,
    .on_ready = inbox_fixture_on_ready,
    .on_admitted = inbox_fixture_on_admitted,
    .on_online = inbox_fixture_on_online,
    .on_online_answer = inbox_fixture_on_online_answer,
    .on_terminate = inbox_fixture_on_terminate,
};

static inline void inbox_fixture_init(struct inbox_fixture *fixture)
{
    *fixture = (struct inbox_fixture){0};
    fixture->inbox.events = &inbox_fixture_events;
    fixture->inbox.user = fixture;
    fixture->inbox.process = "me";
    fixture->inbox.outbox = &fixture->outbox;
    fixture->inbox.state = &fixture->state;
    fixture->inbox.on_page = inbox_fixture_on_page;
    fixture->inbox.page_user = fixture;
    fixture->inbox.on_wide = inbox_fixture_on_wide;
    fixture->inbox.wide_user = fixture;
    cluster_inbox_init(&fixture->inbox);
    cluster_outbox_init(&fixture->outbox, 1000000);
    cluster_state_init(&fixture->state);
}

static inline void inbox_fixture_deinit(struct inbox_fixture *fixture)
{
    cluster_inbox_deinit(&fixture->inbox);
    cluster_outbox_deinit(&fixture->outbox);
    cluster_state_deinit(&fixture->state);
    buffer_deinit(&fixture->told);
}

/* Packs a part as the script does. */
static inline void inbox_fixture_pack(struct buffer *out, struct bytes part)
{
    for (int shift = 0; shift < 32; shift += 8)
        buffer_append_char(out, (char)(part.len >> shift & 0xff));
    buffer_append_bytes(out, part);
}

/* Appends one item of an entry. */
static inline void inbox_fixture_add(struct buffer *entry, char letter, struct bytes packed)
{
    buffer_append_char(entry, letter);
    inbox_fixture_pack(entry, packed);
}
