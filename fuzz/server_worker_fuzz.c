/* A whole worker with two clients on socket pairs: HTTP, handshakes, frames, Pusher's messages and
 * signed requests, as the input says.
 *
 * Truths: each client is answered the same whether its bytes come at once or in pieces; each text
 * frame is a JSON object with an event; and when both have disconnected, no state of them is left.
 *
 * An input is one byte for the length of the pieces, and then records: what is sent and by which
 * client, the length, the payload. The fuzzer itself adds masks, signatures and socket ids, which
 * random bytes would hardly ever get right.
 */

#include "server/worker.h"

#include "base/digest.h"
#include "fuzz.h"
#include "pusher/apps.h"
#include "pusher/session.h"
#include "pusher/socket_id.h"
#include "support/app.h"
#include "support/fixture.h"
#include "support/http_dates.h"
#include "support/oracle.h"
#include "support/ws_peer.h"

/* Below every limit of a size: which of two errors is reported first may depend on the pieces. */
#define LEN_MAX 3000
#define REQUEST_MAX 8000
#define BACKLOG_MAX 1000000
#define CLIENTS_COUNT 2

enum record_kind {
    RECORD_RAW,
    RECORD_UPGRADE,   /* the payload is more of the query */
    RECORD_TEXT,      /* a frame with the payload as its text */
    RECORD_CONTROL,   /* a frame with the payload's first byte as its opcode */
    RECORD_SUBSCRIBE, /* to the channel of that name, signed */
    RECORD_WHISPER,   /* on the channel of that name */
    RECORD_PUBLISH,   /* a signed request with the payload as its body */
    RECORD_GET,       /* a signed request below /apps/3 */
    RECORDS_COUNT,
};

struct client {
    int fd;
    struct buffer sent; /* to it */
};

struct world {
    struct config_app app;
    struct config config;
    struct net_descriptors descriptors;
    struct metrics metrics;
    struct pusher_worker pusher;
    struct channel_fanout *fanouts[1];
    struct server_worker worker;
    struct client clients[CLIENTS_COUNT];
};

static char no_path[] = "";

/* --- the worker ----------------------------------------------------------------------------- */

static int listening_socket(void)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr nameless = {.sa_family = AF_UNIX};

    CHECK(fd >= 0 && bind(fd, &nameless, sizeof nameless.sa_family) == 0 && listen(fd, 1) == 0);
    return fd;
}

static void world_open(struct world *world)
{
    const int listener = listening_socket();

    *world = (struct world){.app = app_of_documentation()};
    world->app.accept_client_events_from = CONFIG_CLIENT_EVENTS_ALL;
    world->app.ping_interval_s = 24 * 60 * 60;
    world->app.max_subscriptions = 8;
    world->config = (struct config){.apps = &world->app,
                                    .apps_count = 1,
                                    .path = no_path,
                                    .max_request_size_bytes = REQUEST_MAX,
                                    .max_backlog_bytes = BACKLOG_MAX};
    net_descriptors_init(&world->descriptors);
    world->fanouts[0] = &world->pusher.fanout;
    world->pusher.all = &world->pusher;
    world->pusher.workers_count = 1;
    world->pusher.apps = pusher_apps_new(&world->config, 1, NULL, NULL);
    world->pusher.metrics = &world->metrics;
    world->pusher.fanout.all.of_workers = world->fanouts;
    world->worker.all = &world->worker;
    world->worker.all_count = 1;
    world->worker.pusher = &world->pusher;
    CHECK(server_worker_open(&world->worker, &world->config, &listener, 1, &world->descriptors) ==
          0);
    for (size_t i = 0; i < CLIENTS_COUNT; i++) {
        int fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(net_descriptors_take_connection(&world->descriptors));
        CHECK(http_conn_open(&world->worker.loop, fds[0], NULL, &world->worker.http) != NULL);
        world->clients[i].fd = fds[1];
    }
}

static void turn(struct world *world)
{
    net_loop_turn(&world->worker.loop, false);
    for (size_t i = 0; i < CLIENTS_COUNT; i++)
        fixture_receive(world->clients[i].fd, &world->clients[i].sent);
}

/* Disconnects both clients; no state of them may be left. */
static void world_close(struct world *world)
{
    for (size_t i = 0; i < CLIENTS_COUNT; i++) {
        fixture_receive(world->clients[i].fd, &world->clients[i].sent);
        close(world->clients[i].fd);
    }
    while (world->worker.loop.connections_count > 0)
        net_loop_turn(&world->worker.loop, true);
    CHECK(world->pusher.sessions_count == 0);
    CHECK(list_is_empty(&world->worker.http.conns));
    CHECK(channel_registry_count(pusher_apps_first(world->pusher.apps)->channels) == 0);
    CHECK(atomic_load(&pusher_apps_first(world->pusher.apps)->connections_count) == 0);
    CHECK(atomic_load(&world->descriptors.connections_count) == 0);
    server_worker_close(&world->worker);
    pusher_apps_free(world->pusher.apps);
}

/* --- what is sent --------------------------------------------------------------------------- */

/* The session of that client, if the sessions were opened in the clients' order; the truth does not
 * depend on it. */
static const struct pusher_session *session_of(const struct world *world, size_t client)
{
    const struct list *link = world->pusher.sessions.next;

    if (client > 0 && link != &world->pusher.sessions && link->next != &world->pusher.sessions)
        link = link->next;
    return link != &world->pusher.sessions ? LIST_OWNER(link, struct pusher_session, link) : NULL;
}

static void append_signature(struct buffer *out, const struct world *world,
                             const struct buffer *text)
{
    char hex[DIGEST_SHA256_HEX_LEN];

    digest_hmac_sha256(bytes_of(world->app.secret), buffer_bytes(text), hex);
    buffer_append(out, hex, sizeof hex);
}

static void append_frame(struct buffer *out, struct buffer *text)
{
    ws_peer_write_text(out, buffer_bytes(text));
    buffer_deinit(text);
}

/* Subscribes as user 7 of a presence channel; the name is put into the JSON unescaped. */
static void append_subscribe(struct buffer *out, const struct world *world, size_t client,
                             struct bytes channel)
{
    static const char member[] = "{\\\"user_id\\\":7}";
    static const char member_text[] = "{\"user_id\":7}";
    const bool is_presence = bytes_starts_with(channel, BYTES("presence-"));
    const struct pusher_session *session = session_of(world, client);
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer covered = {0};
    struct buffer text = {0};

    if (session != NULL)
        buffer_append(&covered, socket_id, pusher_socket_id_write(session->socket_id, socket_id));
    buffer_append_char(&covered, ':');
    buffer_append_bytes(&covered, channel);
    if (is_presence)
        buffer_printf(&covered, ":%s", member_text);
    buffer_append_text(&text, "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"");
    buffer_append_bytes(&text, channel);
    buffer_printf(&text, "\",\"auth\":\"%s:", world->app.key);
    append_signature(&text, world, &covered);
    buffer_append_char(&text, '"');
    if (is_presence)
        buffer_printf(&text, ",\"channel_data\":\"%s\"", member);
    buffer_append_text(&text, "}}");
    append_frame(out, &text);
    buffer_deinit(&covered);
}

static void append_whisper(struct buffer *out, struct bytes channel)
{
    struct buffer text = {0};

    buffer_append_text(&text, "{\"event\":\"client-x\",\"data\":[1,\"\\u00e9\"],\"channel\":\"");
    buffer_append_bytes(&text, channel);
    buffer_append_text(&text, "\"}");
    append_frame(out, &text);
}

static void append_request(struct buffer *out, const struct world *world, const char *method,
                           struct bytes path, struct bytes body)
{
    struct buffer query = {0};
    struct buffer covered = {0};

    buffer_printf(&query, "auth_key=%s&auth_timestamp=1&auth_version=1.0", world->app.key);
    if (body.len > 0) {
        char hex[DIGEST_MD5_HEX_LEN];

        digest_md5(body, hex);
        buffer_printf(&query, "&body_md5=%.*s", DIGEST_MD5_HEX_LEN, hex);
    }
    buffer_printf(&covered, "%s\n/apps/3/%.*s\n%s", method, (int)path.len, path.data,
                  buffer_text(&query));
    buffer_printf(out, "%s /apps/3/%.*s?%s&auth_signature=", method, (int)path.len, path.data,
                  buffer_text(&query));
    append_signature(out, world, &covered);
    buffer_printf(out, " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.len);
    buffer_append_bytes(out, body);
    buffer_deinit(&query);
    buffer_deinit(&covered);
}

static void append_upgrade(struct buffer *out, const struct world *world, struct bytes query)
{
    buffer_printf(out, "GET /app/%s?protocol=7%.*s HTTP/1.1\r\nHost: x\r\n", world->app.key,
                  (int)query.len, query.data);
    buffer_append_text(out,
                       "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

static void append_record(struct buffer *out, const struct world *world, enum record_kind kind,
                          size_t client, struct bytes payload)
{
    switch (kind) {
    case RECORD_UPGRADE:
        append_upgrade(out, world, payload);
        break;
    case RECORD_TEXT:
        ws_peer_write_text(out, payload);
        break;
    case RECORD_CONTROL:
        if (payload.len > 0)
            ws_peer_write(out, (uint8_t)payload.data[0], bytes_from(payload, 1));
        break;
    case RECORD_SUBSCRIBE:
        append_subscribe(out, world, client, payload);
        break;
    case RECORD_WHISPER:
        append_whisper(out, payload);
        break;
    case RECORD_PUBLISH:
        append_request(out, world, "POST", BYTES("events"), payload);
        break;
    case RECORD_GET:
        append_request(out, world, "GET", payload, BYTES_NONE);
        break;
    default:
        buffer_append_bytes(out, payload);
    }
}

static void feed(struct world *world, struct client *client, struct bytes data, size_t piece_len)
{
    while (data.len > 0) {
        const size_t len = data.len < piece_len ? data.len : piece_len;
        const ssize_t taken = send(client->fd, data.data, len, MSG_NOSIGNAL);

        CHECK(taken == (ssize_t)len || (taken < 0 && (errno == EPIPE || errno == ECONNRESET)));
        turn(world);
        data = bytes_from(data, len);
    }
    turn(world); /* delivers what was mailed or waits for the end of a turn */
}

static void run(struct world *world, struct bytes input, size_t piece_len)
{
    world_open(world);
    while (input.len >= 2) {
        const uint8_t first = (uint8_t)input.data[0];
        const size_t asked = (uint8_t)input.data[1];
        const size_t len = asked < input.len - 2 ? asked : input.len - 2;
        const struct bytes payload = {input.data + 2, len};
        const size_t client = first >> 7;
        struct buffer data = {0};

        append_record(&data, world, (enum record_kind)(first % RECORDS_COUNT), client, payload);
        feed(world, &world->clients[client], buffer_bytes(&data),
             piece_len > 0 ? piece_len : SIZE_MAX);
        buffer_deinit(&data);
        input = bytes_from(input, 2 + len);
    }
    world_close(world);
}

/* --- what was answered ---------------------------------------------------------------------- */

static void remove_all(struct buffer *sent, struct bytes words)
{
    const char *at;

    while (sent->len > 0 && (at = memmem(sent->data, sent->len, words.data, words.len)) != NULL) {
        const size_t from = (size_t)(at - sent->data);

        memmove(sent->data + from, at + words.len, sent->len - from - words.len);
        sent->len -= words.len;
    }
}

/* The greeting holds the socket id, which is random, as is its length. */
static bool is_greeting(struct bytes text)
{
    return bytes_starts_with(text, BYTES("{\"event\":\"pusher:connection_established\""));
}

static void describe_frames(struct buffer *out, struct bytes frames)
{
    struct ws_peer_frame frame;

    while (ws_peer_read(&frames, &frame)) {
        buffer_printf(out, "\n%02x ", frame.first);
        if (frame.first == (WS_PEER_FINAL | 0x1)) {
            json_t *root;

            CHECK(oracle_text(frame.payload, &root) != ORACLE_REFUSED);
            CHECK(root == NULL || oracle_member(root, "event").data != NULL);
            json_decref(root);
        }
        buffer_append_bytes(out, is_greeting(frame.payload) ? BYTES("greeting") : frame.payload);
    }
    CHECK(frames.len == 0);
}

/* Describes the responses; after "101" the frames. */
static void describe(struct buffer *out, struct buffer *sent)
{
    static const struct bytes upgraded = BYTES("HTTP/1.1 101 ");
    static const struct bytes head_end = BYTES("\r\n\r\n");
    const char *at;
    size_t head_len;

    remove_all(sent, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
    http_dates_remove(sent);
    at = sent->len > 0 ? memmem(sent->data, sent->len, upgraded.data, upgraded.len) : NULL;
    if (at == NULL) {
        buffer_append_bytes(out, buffer_bytes(sent));
        return;
    }
    at = memmem(at, sent->len - (size_t)(at - sent->data), head_end.data, head_end.len);
    CHECK(at != NULL);
    head_len = (size_t)(at - sent->data) + head_end.len;
    buffer_append(out, sent->data, head_len);
    describe_frames(out, bytes_from(buffer_bytes(sent), head_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world whole;
    struct world pieces;
    struct bytes input;

    if (len < 3 || len > LEN_MAX)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    input = fuzz_bytes(data + 1, len - 1);
    run(&whole, input, 0);
    run(&pieces, input, 1 + data[0] / 2);
    for (size_t i = 0; i < CLIENTS_COUNT; i++) {
        struct buffer one = {0};
        struct buffer other = {0};

        describe(&one, &whole.clients[i].sent);
        describe(&other, &pieces.clients[i].sent);
        CHECK(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)));
        buffer_deinit(&one);
        buffer_deinit(&other);
        buffer_deinit(&whole.clients[i].sent);
        buffer_deinit(&pieces.clients[i].sent);
    }
    return 0;
}
