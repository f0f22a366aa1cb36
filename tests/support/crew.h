/* Two workers with a fan-out each, and members: WebSockets over socket pairs that join channels.
 * The test turns both loops, unless it lets threads do so. */
#pragma once

#include "channel/fanout.h"
#include "channel/registry.h"
#include "support/rig.h"
#include "support/ws_peer.h"

#define CREW_WORKERS_COUNT 2
#define CREW_MEMBERS_COUNT 16

struct crew_worker;

struct crew_member {
    struct ws_conn ws; /* first: its address is the member's */
    struct channel_subscriber subscriber;
    struct crew_worker *worker;
    uint64_t socket_id;
    int peer;
    struct buffer sent;
    bool is_slow;
    bool is_closed;
};

struct crew_worker {
    struct rig rig;
    struct channel_fanout fanout;
    struct metrics metrics;
    struct ws_conn_settings settings;
    struct crew_member *members[CREW_MEMBERS_COUNT];
    size_t members_count;
};

struct crew {
    struct channel_registry *registry;
    struct crew_worker workers[CREW_WORKERS_COUNT];
    struct channel_fanout *fanouts[CREW_WORKERS_COUNT];
    struct crew_member members[CREW_MEMBERS_COUNT];
    size_t members_count;
};

static inline void crew_on_closed(struct ws_conn *ws)
{
    ((struct crew_member *)ws)->is_closed = true;
}

static inline void crew_on_ending(struct ws_conn *ws, uint16_t code)
{
    (void)ws;
    (void)code;
}

static const struct ws_conn_events crew_ws_events = {
    .on_ending = crew_on_ending,
    .on_closed = crew_on_closed,
};

static const struct net_conn_events crew_no_events = {0};

static inline struct channel_subscriber *crew_find(void *user, uint64_t socket_id)
{
    struct crew_worker *worker = user;

    for (size_t i = 0; i < worker->members_count; i++)
        if (worker->members[i]->socket_id == socket_id)
            return &worker->members[i]->subscriber;
    return NULL;
}

static inline void crew_on_slow_reader(struct ws_conn *ws)
{
    ((struct crew_member *)ws)->is_slow = true;
}

static inline void crew_on_turn_end(void *user)
{
    channel_fanout_end_turn(user);
}

static inline void crew_open(struct crew *crew, size_t backlog_bytes_max)
{
    *crew = (struct crew){.registry = channel_registry_new(CREW_WORKERS_COUNT, true)};
    for (size_t i = 0; i < CREW_WORKERS_COUNT; i++) {
        struct crew_worker *worker = &crew->workers[i];

        rig_open(&worker->rig, backlog_bytes_max);
        worker->settings = (struct ws_conn_settings){&crew_ws_events, ws_deflate_new()};
        worker->fanout = (struct channel_fanout){
            .worker = i,
            .all = crew->fanouts,
            .loop = &worker->rig.loop,
            .deflate = worker->settings.deflate,
            .metrics = &worker->metrics,
            .find = crew_find,
            .on_slow_reader = crew_on_slow_reader,
            .user = worker,
        };
        channel_fanout_init(&worker->fanout);
        crew->fanouts[i] = &worker->fanout;
        worker->rig.on_turn_end = crew_on_turn_end;
        worker->rig.user = &worker->fanout;
    }
}

static inline void crew_turn(struct crew *crew)
{
    /* What one posts to the other while it turns comes with the next round. */
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < CREW_WORKERS_COUNT; i++)
            rig_turn(&crew->workers[i].rig);
}

static inline struct crew_member *crew_hire(struct crew *crew, size_t worker,
                                            enum ws_deflate_form form)
{
    struct crew_member *member = &crew->members[crew->members_count++];
    struct rig *rig = &crew->workers[worker].rig;
    int fd;

    member->worker = &crew->workers[worker];
    member->socket_id = crew->members_count;
    fd = rig_pair(rig, &member->peer);
    ws_conn_open(&member->ws, net_conn_open(&rig->loop, fd, NULL, &crew_no_events, NULL),
                 &member->worker->settings, form, 10000);
    channel_subscriber_init(&member->subscriber, &member->ws);
    member->worker->members[member->worker->members_count++] = member;
    return member;
}

static inline struct channel_subscription *crew_subscribe(struct crew *crew,
                                                          struct crew_member *member,
                                                          const char *name)
{
    struct channel_fanout *fanout = &member->worker->fanout;
    bool is_first;

    return channel_subscription_new(
        fanout, &member->subscriber,
        channel_registry_join(crew->registry, bytes_of(name), fanout->worker, &is_first));
}

static inline struct channel_subscription *crew_join(struct crew *crew, struct crew_member *member,
                                                     const char *name)
{
    struct channel_subscription *subscription = crew_subscribe(crew, member, name);

    channel_fanout_add(&member->worker->fanout, subscription);
    return subscription;
}

static inline void crew_leave(struct channel_subscription *subscription)
{
    struct crew_member *member = (struct crew_member *)subscription->subscriber->conn;
    bool is_last_of_worker;
    struct channel *channel =
        channel_subscription_free(&member->worker->fanout, subscription, &is_last_of_worker);

    channel_registry_leave(channel, member->worker->fanout.worker, is_last_of_worker);
    channel_unref(channel);
}

/* Publishes from that worker; `except` may be NULL. */
static inline void crew_publish(struct crew *crew, size_t worker, const char *name,
                                const char *text, const struct crew_member *except)
{
    struct channel *channel = channel_registry_find(crew->registry, bytes_of(name));
    struct ws_message *message = ws_message_new(bytes_of(text));

    if (channel != NULL) {
        channel_fanout_publish(&crew->workers[worker].fanout, channel, message,
                               except ? except->socket_id : 0);
        channel_unref(channel);
    }
    ws_message_unref(message);
}

/* "a;b;": the texts that the member was sent so far, also the compressed ones. */
static inline void crew_heard(struct crew_member *member, struct buffer *out)
{
    struct ws_peer_frame frame;
    struct bytes rest;

    rig_receive(member->peer, &member->sent);
    rest = buffer_bytes(&member->sent);
    while (ws_peer_read(&rest, &frame)) {
        struct buffer plain = {0};

        CHECK((frame.first & 0xf) == 0x1);
        if (frame.first & WS_PEER_RSV1) {
            CHECK(ws_deflate_decompress(member->worker->settings.deflate, frame.payload, 100000,
                                        &plain) == 0);
            frame.payload = buffer_bytes(&plain);
        }
        buffer_append_bytes(out, frame.payload);
        buffer_append_char(out, ';');
        buffer_deinit(&plain);
    }
    CHECK(rest.len == 0);
}

static inline void crew_check_heard(struct crew_member *member, const char *should,
                                    const char *file, int line)
{
    struct buffer heard = {0};

    crew_heard(member, &heard);
    unit_check_equal(file, line, buffer_bytes(&heard), bytes_of(should));
    buffer_deinit(&heard);
}

#define assert_member_heard(member, should) crew_check_heard(member, should, __FILE__, __LINE__)

static inline void crew_close(struct crew *crew)
{
    crew_turn(crew);
    for (size_t i = 0; i < crew->members_count; i++) {
        struct crew_member *member = &crew->members[i];

        while (!list_is_empty(&member->subscriber.subscriptions))
            crew_leave(LIST_OWNER(member->subscriber.subscriptions.next,
                                  struct channel_subscription, link));
        close(member->peer);
    }
    for (size_t i = 0; i < CREW_WORKERS_COUNT; i++) {
        rig_close(&crew->workers[i].rig);
        channel_fanout_deinit(&crew->workers[i].fanout);
        ws_deflate_free(crew->workers[i].settings.deflate);
    }
    for (size_t i = 0; i < crew->members_count; i++) {
        CHECK(crew->members[i].is_closed);
        buffer_deinit(&crew->members[i].sent);
    }
    assert_int_equal(channel_registry_count(crew->registry), 0);
    channel_registry_free(crew->registry);
}
