/* Two workers with a fan-out each, and members: WebSockets over socket pairs that join channels.
 * The test turns both loops, unless it starts threads for that. */
#pragma once

#include "channel/joining.h"
#include "channel/publish.h"
#include "channel/registry.h"
#include "support/fixture.h"
#include "support/ws_peer.h"

#define WORKERS_WORKERS_COUNT 2
#define WORKERS_MEMBERS_COUNT 16

struct workers_worker;

struct workers_member {
    struct ws_conn ws; /* first: its address is the member's */
    struct channel_subscriber subscriber;
    struct workers_worker *worker;
    uint64_t socket_id;
    int peer;
    struct buffer sent;
    bool is_slow;
    bool is_closed;
};

struct workers_worker {
    struct fixture fixture;
    struct channel_fanout fanout;
    struct channel_joining joining;
    struct metrics metrics;
    struct ws_conn_settings settings;
    struct workers_member *members[WORKERS_MEMBERS_COUNT];
    size_t members_count;
};

struct workers {
    struct channel_registry *registry;
    struct workers_worker workers[WORKERS_WORKERS_COUNT];
    struct channel_fanout *fanouts[WORKERS_WORKERS_COUNT];
    struct workers_member members[WORKERS_MEMBERS_COUNT];
    size_t members_count;
};

static inline void workers_on_closed(struct ws_conn *ws)
{
    ((struct workers_member *)ws)->is_closed = true;
}

static inline void workers_on_ending(struct ws_conn *ws, uint16_t code)
{
    (void)ws;
    (void)code;
}

static const struct ws_conn_events workers_ws_events = {
    .on_ending = workers_on_ending,
    .on_closed = workers_on_closed,
};

static const struct net_conn_events workers_no_events = {0};

static inline struct channel_subscriber *workers_find(void *user, uint64_t socket_id)
{
    struct workers_worker *worker = user;

    for (size_t i = 0; i < worker->members_count; i++)
        if (worker->members[i]->socket_id == socket_id)
            return &worker->members[i]->subscriber;
    return NULL;
}

static inline void workers_on_slow_reader(struct ws_conn *ws)
{
    ((struct workers_member *)ws)->is_slow = true;
}

static inline void workers_on_turn_end(void *user)
{
    struct workers_worker *worker = user;

    channel_joining_end_turn(&worker->joining);
    channel_fanout_end_turn(&worker->fanout);
}

static inline void workers_open(struct workers *workers, size_t backlog_bytes_max)
{
    *workers = (struct workers){.registry = channel_registry_new(WORKERS_WORKERS_COUNT, true)};
    for (size_t i = 0; i < WORKERS_WORKERS_COUNT; i++) {
        struct workers_worker *worker = &workers->workers[i];

        fixture_open(&worker->fixture, backlog_bytes_max);
        worker->settings = (struct ws_conn_settings){&workers_ws_events, ws_deflate_new()};
        worker->fanout = (struct channel_fanout){
            .worker = i,
            .all = {.of_workers = workers->fanouts},
            .loop = &worker->fixture.loop,
            .deflate = worker->settings.deflate,
            .metrics = &worker->metrics,
            .find = workers_find,
            .on_slow_reader = workers_on_slow_reader,
            .user = worker,
        };
        channel_fanout_init(&worker->fanout);
        workers->fanouts[i] = &worker->fanout;
        worker->fixture.on_turn_end = workers_on_turn_end;
        worker->fixture.user = worker;
        worker->joining.fanout = &worker->fanout;
    }
}

static inline void workers_turn(struct workers *workers)
{
    /* Mail that one worker posts to the other during its turn arrives in the next pass. */
    for (size_t pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < WORKERS_WORKERS_COUNT; i++)
            fixture_turn(&workers->workers[i].fixture);
}

static inline struct workers_member *workers_add_client(struct workers *workers, size_t worker,
                                                        enum ws_deflate_form form)
{
    struct workers_member *member = &workers->members[workers->members_count++];
    struct fixture *fixture = &workers->workers[worker].fixture;
    int fd;

    member->worker = &workers->workers[worker];
    member->socket_id = workers->members_count;
    fd = fixture_pair(fixture, &member->peer);
    ws_conn_open(&member->ws, net_conn_open(&fixture->loop, fd, NULL, &workers_no_events, NULL),
                 &member->worker->settings, form, 10000);
    channel_subscriber_init(&member->subscriber, &member->ws);
    member->worker->members[member->worker->members_count++] = member;
    return member;
}

static inline struct channel_subscription *workers_subscribe(struct workers *workers,
                                                             struct workers_member *member,
                                                             const char *name)
{
    bool is_first;

    return channel_fanout_join(&member->worker->fanout, workers->registry, bytes_of(name),
                               &member->subscriber, &is_first);
}

static inline struct channel_subscription *workers_join(struct workers *workers,
                                                        struct workers_member *member,
                                                        const char *name)
{
    struct channel_subscription *subscription = workers_subscribe(workers, member, name);

    channel_fanout_add(&member->worker->fanout, subscription);
    return subscription;
}

static inline void workers_leave(struct channel_subscription *subscription)
{
    struct workers_member *member = (struct workers_member *)subscription->subscriber->conn;
    bool is_last;

    channel_unref(channel_fanout_leave(&member->worker->fanout, subscription, &is_last));
}

/* Publishes from the worker of that index; `except` may be NULL. */
static inline void workers_publish(struct workers *workers, size_t worker, const char *name,
                                   const char *text, const struct workers_member *except)
{
    struct channel *channel = channel_registry_find(workers->registry, bytes_of(name));
    struct ws_message *message = ws_message_new(bytes_of(text));

    if (channel != NULL) {
        channel_publish(&workers->workers[worker].fanout, channel, message,
                        except ? except->socket_id : 0);
        channel_unref(channel);
    }
    ws_message_unref(message);
}

/* Appends "a;b;": the texts sent to the member so far, including the compressed ones. */
static inline void workers_received(struct workers_member *member, struct buffer *out)
{
    struct ws_peer_frame frame;
    struct bytes rest;

    fixture_receive(member->peer, &member->sent);
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

static inline void workers_check_received(struct workers_member *member, const char *should,
                                          const char *file, int line)
{
    struct buffer received = {0};

    workers_received(member, &received);
    unit_check_equal(file, line, buffer_bytes(&received), bytes_of(should));
    buffer_deinit(&received);
}

#define assert_member_received(member, should) \
    workers_check_received(member, should, __FILE__, __LINE__)

static inline void workers_close(struct workers *workers)
{
    workers_turn(workers);
    for (size_t i = 0; i < workers->members_count; i++) {
        struct workers_member *member = &workers->members[i];

        while (!list_is_empty(&member->subscriber.subscriptions))
            workers_leave(LIST_OWNER(member->subscriber.subscriptions.next,
                                     struct channel_subscription, link));
        close(member->peer);
    }
    for (size_t i = 0; i < WORKERS_WORKERS_COUNT; i++) {
        fixture_close(&workers->workers[i].fixture);
        channel_joining_deinit(&workers->workers[i].joining);
        channel_fanout_deinit(&workers->workers[i].fanout);
        ws_deflate_free(workers->workers[i].settings.deflate);
    }
    for (size_t i = 0; i < workers->members_count; i++) {
        CHECK(workers->members[i].is_closed);
        buffer_deinit(&workers->members[i].sent);
    }
    assert_int_equal(channel_registry_count(workers->registry), 0);
    channel_registry_free(workers->registry);
}
