/* A worker's side of the protocol over socket pairs: real connections from the handshake on, driven
 * by the test. `cluster` is the test's own; NULL: a single node. */
#pragma once

#include "base/digest.h"
#include "pusher/apps.h"
#include "pusher/conversation.h"
#include "pusher/socket_id.h"
#include "support/app.h"
#include "support/fixture.h"
#include "support/unit.h"
#include "support/ws_peer.h"

#define PUSHER_FIXTURE_CLIENTS_MAX 64

struct pusher_client {
    int fd;
    uint64_t socket_id; /* 0: was refused */
    bool is_ended;
    struct buffer sent; /* sent to the client and not examined yet */
};

struct pusher_fixture {
    struct fixture fixture;
    struct config_app settings;
    struct config config;
    struct metrics metrics;
    struct pusher_worker worker;
    struct channel_fanout *fanouts[1];
    struct pusher_app *app;
    struct http_conn_settings http;
    struct pusher_client clients[PUSHER_FIXTURE_CLIENTS_MAX];
    size_t clients_count;
    struct buffer heard;
};

static inline void pusher_fixture_on_turn_end(void *user)
{
    struct pusher_fixture *fixture = user;

    net_slices_end_turn(&fixture->worker.slices, &fixture->fixture.loop);
    channel_joining_end_turn(&fixture->worker.joining);
    channel_fanout_end_turn(&fixture->worker.fanout);
}

/* "/app/KEY" */
static inline void pusher_fixture_on_request(struct http_conn *conn,
                                             const struct http_request *request)
{
    struct pusher_fixture *fixture = http_conn_user(conn);

    pusher_conversation_open(&fixture->worker, conn, request, bytes_from(request->path, 5));
}

/* Opens the fixture with an app of the test's own. */
static inline void pusher_fixture_open_with(struct pusher_fixture *fixture,
                                            struct config_app settings, struct cluster *cluster,
                                            const struct pusher_observers *observers)
{
    *fixture = (struct pusher_fixture){.settings = settings};
    fixture_open(&fixture->fixture, 1000000);
    fixture->fixture.on_turn_end = pusher_fixture_on_turn_end;
    fixture->fixture.user = fixture;
    fixture->config = (struct config){.apps = &fixture->settings, .apps_count = 1};
    fixture->fanouts[0] = &fixture->worker.fanout;
    fixture->worker = (struct pusher_worker){
        .loop = &fixture->fixture.loop,
        .all = &fixture->worker,
        .workers_count = 1,
        .apps = pusher_apps_new(&fixture->config, 1, observers, cluster),
        .metrics = &fixture->metrics,
        .observers = observers,
        .keeps_origins = true,
    };
    fixture->worker.fanout.all.of_workers = fixture->fanouts;
    pusher_conversation_init(&fixture->worker, false);
    fixture->app = pusher_apps_first(fixture->worker.apps);
    fixture->http = (struct http_conn_settings){
        .request_bytes_max = 10000, .on_request = pusher_fixture_on_request, .user = fixture};
    list_init(&fixture->http.conns);
}

static inline void pusher_fixture_open(struct pusher_fixture *fixture)
{
    pusher_fixture_open_with(fixture, app_of_documentation(), NULL, NULL);
}

static inline void pusher_fixture_close(struct pusher_fixture *fixture)
{
    for (size_t i = 0; i < fixture->clients_count; i++) {
        close(fixture->clients[i].fd);
        buffer_deinit(&fixture->clients[i].sent);
    }
    fixture_close(&fixture->fixture);
    assert_int_equal(fixture->worker.sessions_count, 0);
    assert_int_equal(atomic_load(&fixture->app->connections_count), 0);
    pusher_worker_deinit(&fixture->worker);
    pusher_apps_free(fixture->worker.apps);
    buffer_deinit(&fixture->heard);
}

static inline int pusher_fixture_set_up(void **state)
{
    pusher_fixture_open(*state);
    return 0;
}

static inline int pusher_fixture_tear_down(void **state)
{
    pusher_fixture_close(*state);
    return 0;
}

/* `fixture` is open while the test runs. */
#define PUSHER_FIXTURE_TEST(test, fixture)                                \
    cmocka_unit_test_prestate_setup_teardown(test, pusher_fixture_set_up, \
                                             pusher_fixture_tear_down, fixture)

/* Three turns: one that reads, and two for the mail that it causes. */
static inline void pusher_fixture_turn(struct pusher_fixture *fixture)
{
    for (int i = 0; i < 3; i++)
        fixture_turn(&fixture->fixture);
    for (size_t i = 0; i < fixture->clients_count; i++)
        if (!fixture_receive(fixture->clients[i].fd, &fixture->clients[i].sent))
            fixture->clients[i].is_ended = true;
}

static inline struct pusher_client *pusher_fixture_connect(struct pusher_fixture *fixture,
                                                           const char *key, const char *origin)
{
    struct pusher_client *client = &fixture->clients[fixture->clients_count++];
    struct buffer request = {0};

    assert_true(fixture->clients_count <= PUSHER_FIXTURE_CLIENTS_MAX);
    assert_non_null(http_conn_open(&fixture->fixture.loop,
                                   fixture_pair(&fixture->fixture, &client->fd), NULL,
                                   &fixture->http));
    buffer_printf(&request,
                  "GET /app/%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                  "Origin: %s\r\n\r\n",
                  key, origin);
    fixture_send(client->fd, buffer_bytes(&request));
    buffer_deinit(&request);
    pusher_fixture_turn(fixture);
    return client;
}

/* What the client has received since the last call: "text:…;close:4009:…;". */
static inline struct bytes pusher_fixture_heard(struct pusher_fixture *fixture,
                                                struct pusher_client *client)
{
    struct bytes sent = buffer_bytes(&client->sent);
    const char *body;

    buffer_clear(&fixture->heard);
    if (bytes_starts_with(sent, BYTES("HTTP/1.1 101"))) {
        body = strstr(buffer_text(&client->sent), "\r\n\r\n") + 4;
        sent = bytes_from(sent, (size_t)(body - client->sent.data));
    }
    ws_peer_describe(&fixture->heard, sent);
    buffer_clear(&client->sent);
    return buffer_bytes(&fixture->heard);
}

#define assert_heard(fixture, client, literal) \
    assert_text(pusher_fixture_heard(fixture, client), literal)
#define assert_heard_holds(fixture, client, part) \
    assert_holds(pusher_fixture_heard(fixture, client), part)

/* A client that is connected and has its socket id. */
static inline struct pusher_client *pusher_fixture_client(struct pusher_fixture *fixture)
{
    struct pusher_client *client =
        pusher_fixture_connect(fixture, fixture->settings.key, "https://a.test");
    struct bytes heard = pusher_fixture_heard(fixture, client);
    const char *id = strstr(buffer_text(&fixture->heard), "socket_id\\\":\\\"");

    assert_true(unit_has(heard, BYTES("pusher:connection_established")));
    id += sizeof "socket_id\\\":\\\"" - 1;
    client->socket_id = pusher_socket_id_parse((struct bytes){id, (size_t)(strchr(id, '\\') - id)});
    assert_true(client->socket_id != 0);
    return client;
}

static inline struct pusher_session *pusher_fixture_session(struct pusher_fixture *fixture,
                                                            const struct pusher_client *client)
{
    return pusher_session_find(&fixture->worker, client->socket_id);
}

static inline void pusher_fixture_say(struct pusher_fixture *fixture, struct pusher_client *client,
                                      const char *text)
{
    struct buffer frame = {0};

    ws_peer_write_text(&frame, bytes_of(text));
    fixture_send(client->fd, buffer_bytes(&frame));
    buffer_deinit(&frame);
    pusher_fixture_turn(fixture);
}

/* Appends KEY:signature, of the client's socket id followed by `text`. */
static inline void pusher_fixture_append_auth(struct buffer *out, struct pusher_fixture *fixture,
                                              const struct pusher_client *client, const char *text)
{
    char id[PUSHER_SOCKET_ID_LEN_MAX];
    char hex[DIGEST_SHA256_HEX_LEN];
    struct buffer covered = {0};

    buffer_append(&covered, id, pusher_socket_id_write(client->socket_id, id));
    buffer_append_text(&covered, text);
    digest_hmac_sha256(bytes_of(fixture->settings.secret), buffer_bytes(&covered), hex);
    buffer_printf(out, "%s:%.*s", fixture->settings.key, (int)sizeof hex, hex);
    buffer_deinit(&covered);
}

/* `data`: JSON whose quotes are escaped already; NULL for none. The unescaped form is signed. */
static inline void pusher_fixture_subscribe(struct pusher_fixture *fixture,
                                            struct pusher_client *client, const char *channel,
                                            const char *data)
{
    struct buffer covered = {0};
    struct buffer text = {0};

    buffer_printf(&covered, ":%s%s", channel, data ? ":" : "");
    for (const char *at = data; at != NULL && *at != '\0'; at++)
        if (*at != '\\')
            buffer_append_char(&covered, *at);
    buffer_printf(&text, "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"%s\",\"auth\":\"",
                  channel);
    pusher_fixture_append_auth(&text, fixture, client, buffer_text(&covered));
    buffer_append_char(&text, '"');
    if (data != NULL)
        buffer_printf(&text, ",\"channel_data\":\"%s\"", data);
    buffer_append_text(&text, "}}");
    pusher_fixture_say(fixture, client, buffer_text(&text));
    buffer_deinit(&covered);
    buffer_deinit(&text);
}

/* `user_data` as for pusher_fixture_subscribe(). */
static inline void pusher_fixture_sign_in(struct pusher_fixture *fixture,
                                          struct pusher_client *client, const char *user_data)
{
    struct buffer covered = {0};
    struct buffer text = {0};

    buffer_append_text(&covered, "::user::");
    for (const char *at = user_data; *at != '\0'; at++)
        if (*at != '\\')
            buffer_append_char(&covered, *at);
    buffer_append_text(&text, "{\"event\":\"pusher:signin\",\"data\":{\"auth\":\"");
    pusher_fixture_append_auth(&text, fixture, client, buffer_text(&covered));
    buffer_printf(&text, "\",\"user_data\":\"%s\"}}", user_data);
    pusher_fixture_say(fixture, client, buffer_text(&text));
    buffer_deinit(&covered);
    buffer_deinit(&text);
}
