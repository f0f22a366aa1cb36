/* The floor: the least that a program can do to serve the clients of `reverb bench`.
 *
 *     floor PORT            by epoll and one send() a receiver
 *     floor PORT io_uring   by io_uring (bench/floor_uring.c)
 *
 * One thread, and no checks: no signatures, no JSON, no limits, no UTF-8, no timers. It cuts
 * what it needs out of the bytes where the generator puts it. What one turn of the loop publishes
 * to a channel is gathered in one contiguous run, and each subscriber is sent that same run with
 * one send, which with io_uring is
 * not a system call of its own. What a server takes beyond this is the price of its protocol; it
 * serves nobody but the generator. */

#include "floor.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "ws/frame.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define EVENTS_MAX 1024
#define READ_LEN 65536
#define PAYLOAD_MAX ((size_t)1024 * 1024)

/* The bytes of a run that are being sent. */
struct spent {
    struct buffer run;
    struct spent *next;
};

struct subscriber {
    struct conn *conn;
    size_t at; /* in the connection's list */
};

struct channel {
    struct map_entry entry;
    char *name;
    size_t name_len;
    struct subscriber *subscribers;
    size_t count;
    size_t cap;
    struct buffer run;    /* what this turn published */
    struct conn *except;  /* who is not sent it */
    struct channel *next; /* of those with a run */
    bool has_run;
    struct buffer ids; /* the members of a presence channel, as JSON */
    struct buffer hash;
    size_t members_count;
};

struct membership {
    struct channel *channel;
    size_t at; /* in the channel's list */
};

static int epoll_fd;
static bool is_uring;
static struct map channels;
static struct channel *with_run;
static struct spent *spent_runs; /* io_uring: prepared, not submitted yet */
static struct conn *with_output;
static struct conn *to_free;
static char read_buffer[READ_LEN];

/* --- output --------------------------------------------------------------------------------- */

static void await_writable(struct conn *conn, bool is_wanted)
{
    struct epoll_event event = {.events = EPOLLIN | (is_wanted ? EPOLLOUT : 0), .data.ptr = conn};

    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

static void queue(struct conn *conn, struct bytes data)
{
    buffer_append_bytes(&conn->out, data);
    if (conn->is_queued)
        return;
    conn->is_queued = true;
    conn->next = with_output;
    with_output = conn;
}

static void queue_text(struct conn *conn, struct bytes text)
{
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];
    const size_t len = ws_frame_header(header, WS_FRAME_TEXT, false, text.len);

    queue(conn, (struct bytes){(const char *)header, len});
    queue(conn, text);
}

/* One send(); what the kernel does not take waits. */
static void send_now(struct conn *conn, struct bytes data)
{
    ssize_t sent = 0;

    if (conn->is_closed)
        return;
    if (conn->out.len == 0 && is_uring) {
        floor_uring_send(conn, data);
        return;
    }
    if (conn->out.len == 0)
        sent = send(conn->fd, data.data, data.len, MSG_NOSIGNAL);
    if (sent == (ssize_t)data.len)
        return;
    buffer_append_bytes(&conn->out, bytes_from(data, sent > 0 ? (size_t)sent : 0));
    if (!is_uring)
        await_writable(conn, true);
}

static void flush(struct conn *conn)
{
    ssize_t sent;

    if (conn->is_closed || conn->out.len == 0)
        return;
    if (is_uring) {
        floor_uring_flush(conn);
        return;
    }
    sent = send(conn->fd, conn->out.data, conn->out.len, MSG_NOSIGNAL);
    if (sent == (ssize_t)conn->out.len) {
        buffer_deinit(&conn->out);
        return;
    }
    buffer_consume(&conn->out, sent > 0 ? (size_t)sent : 0);
    await_writable(conn, true);
}

/* --- channels ------------------------------------------------------------------------------- */

static struct channel *channel_of(struct bytes name)
{
    const uint64_t hash = hash_bytes(name);
    struct channel *channel;

    for (struct map_entry *at = map_first(&channels, hash); at != NULL; at = map_next(at, hash)) {
        channel = (struct channel *)at;
        if (bytes_equal((struct bytes){channel->name, channel->name_len}, name))
            return channel;
    }
    channel = mem_new(sizeof *channel);
    channel->name = bytes_copy(name);
    channel->name_len = name.len;
    map_add(&channels, &channel->entry, hash);
    return channel;
}

static void subscribe(struct conn *conn, struct channel *channel)
{
    if (conn->count == conn->cap) {
        conn->cap = conn->cap ? conn->cap * 2 : 1;
        conn->memberships = mem_resize(conn->memberships, conn->cap * sizeof *conn->memberships);
    }
    if (channel->count == channel->cap) {
        channel->cap = channel->cap ? channel->cap * 2 : 1;
        channel->subscribers =
            mem_resize(channel->subscribers, channel->cap * sizeof *channel->subscribers);
    }
    conn->memberships[conn->count] = (struct membership){channel, channel->count};
    channel->subscribers[channel->count++] = (struct subscriber){conn, conn->count++};
}

static void leave(struct conn *conn, size_t at)
{
    const struct membership it = conn->memberships[at];
    struct channel *channel = it.channel;

    conn->memberships[at] = conn->memberships[--conn->count];
    if (at < conn->count)
        conn->memberships[at].channel->subscribers[conn->memberships[at].at].at = at;
    channel->subscribers[it.at] = channel->subscribers[--channel->count];
    if (it.at < channel->count) {
        struct subscriber *moved = &channel->subscribers[it.at];

        moved->conn->memberships[moved->at].at = it.at;
    }
    if (channel->count > 0 || channel->has_run)
        return;
    map_remove(&channels, &channel->entry);
    buffer_deinit(&channel->run);
    buffer_deinit(&channel->ids);
    buffer_deinit(&channel->hash);
    free(channel->subscribers);
    free(channel->name);
    free(channel);
}

static void unsubscribe(struct conn *conn, struct channel *channel)
{
    for (size_t i = 0; i < channel->count; i++)
        if (channel->subscribers[i].conn == conn) {
            leave(conn, channel->subscribers[i].at);
            return;
        }
}

/* Begins a frame of the channel's run. */
static struct buffer *gather(struct channel *channel, size_t payload_len)
{
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];

    if (!channel->has_run) {
        channel->has_run = true;
        channel->next = with_run;
        with_run = channel;
    }
    buffer_append(&channel->run, header,
                  ws_frame_header(header, WS_FRAME_TEXT, false, payload_len));
    return &channel->run;
}

static void spend(struct channel *channel)
{
    struct spent *spent = mem_new(sizeof *spent);

    spent->run = channel->run;
    channel->run = (struct buffer){0};
    spent->next = spent_runs;
    spent_runs = spent;
}

static void send_runs(void)
{
    struct channel *channel;

    while ((channel = with_run) != NULL) {
        with_run = channel->next;
        channel->has_run = false;
        for (size_t i = 0; i < channel->count; i++)
            if (channel->subscribers[i].conn != channel->except)
                send_now(channel->subscribers[i].conn, buffer_bytes(&channel->run));
        channel->except = NULL;
        if (is_uring)
            spend(channel);
        buffer_clear(&channel->run);
    }
}

/* --- connections ---------------------------------------------------------------------------- */

void floor_close(struct conn *conn)
{
    if (conn->is_closed)
        return;
    flush(conn);
    conn->is_closed = true;
    while (conn->count > 0)
        leave(conn, conn->count - 1);
    if (is_uring)
        floor_uring_close(conn);
    else
        close(conn->fd);
    if (conn->is_receiving)
        return;             /* freed by its last completion */
    if (!conn->is_queued) { /* else it is freed when its turn comes */
        conn->next = to_free;
        to_free = conn;
    }
}

void floor_free(struct conn *conn)
{
    buffer_deinit(&conn->in);
    buffer_deinit(&conn->out);
    free(conn->memberships);
    free(conn);
}

static void free_closed(void)
{
    struct conn *conn;

    while ((conn = to_free) != NULL) {
        to_free = conn->next;
        floor_free(conn);
    }
}

void floor_end_turn(void)
{
    struct conn *conn;

    while ((conn = with_output) != NULL) {
        with_output = conn->next;
        conn->is_queued = false;
        if (!conn->is_closed) {
            flush(conn);
        } else if (!conn->is_receiving) {
            conn->next = to_free;
            to_free = conn;
        }
    }
    send_runs();
    if (!is_uring)
        free_closed();
}

void floor_submitted(void)
{
    struct spent *spent;

    while ((spent = spent_runs) != NULL) {
        spent_runs = spent->next;
        buffer_deinit(&spent->run);
        free(spent);
    }
    free_closed();
}

static void accept_all(int listener)
{
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct epoll_event event = {.events = EPOLLIN};
        struct conn *conn;

        if (fd < 0)
            return;
        conn = mem_new(sizeof *conn);
        conn->fd = fd;
        event.data.ptr = conn;
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

/* --- the protocol --------------------------------------------------------------------------- */

/* What stands between `before` and the next quotation mark; "\"" within it is not looked for. */
static struct bytes cut(struct bytes text, const char *before, const char *after)
{
    const char *from = memmem(text.data, text.len, before, strlen(before));
    const char *to;

    if (from == NULL)
        return BYTES("");
    from += strlen(before);
    to = memmem(from, text.len - (size_t)(from - text.data), after, strlen(after));
    return to ? (struct bytes){from, (size_t)(to - from)} : BYTES("");
}

static void join_presence(struct conn *conn, struct channel *channel, struct bytes text)
{
    const struct bytes id = cut(text, "user_id\\\":\\\"", "\\\"");
    const struct bytes info = cut(text, "user_info\\\":", "}\"");
    struct buffer event = {0};

    buffer_append_text(&event, "{\"event\":\"pusher_internal:member_added\",\"channel\":\"");
    buffer_append(&event, channel->name, channel->name_len);
    buffer_printf(&event, "\",\"data\":\"{\\\"user_id\\\":\\\"%.*s\\\",\\\"user_info\\\":%.*s}\"}",
                  BYTES_ARGS(id), BYTES_ARGS(info));
    buffer_append_bytes(gather(channel, event.len), buffer_bytes(&event));
    send_runs(); /* before the newcomer is one of them */
    if (channel->members_count++ > 0) {
        buffer_append_char(&channel->ids, ',');
        buffer_append_char(&channel->hash, ',');
    }
    buffer_printf(&channel->ids, "\\\"%.*s\\\"", BYTES_ARGS(id));
    buffer_printf(&channel->hash, "\\\"%.*s\\\":%.*s", BYTES_ARGS(id), BYTES_ARGS(info));
    buffer_clear(&event);
    buffer_printf(&event,
                  "{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"%s\","
                  "\"data\":\"{\\\"presence\\\":{\\\"count\\\":%zu,\\\"ids\\\":[",
                  channel->name, channel->members_count);
    buffer_append_bytes(&event, buffer_bytes(&channel->ids));
    buffer_append_text(&event, "],\\\"hash\\\":{");
    buffer_append_bytes(&event, buffer_bytes(&channel->hash));
    buffer_append_text(&event, "}}}\"}");
    queue_text(conn, buffer_bytes(&event));
    buffer_deinit(&event);
    subscribe(conn, channel);
}

static void on_subscribe(struct conn *conn, struct bytes text)
{
    const struct bytes name = cut(text, "\"channel\":\"", "\"");
    struct channel *channel = channel_of(name);
    struct buffer answer = {0};

    if (bytes_starts_with(name, BYTES("presence-"))) {
        join_presence(conn, channel, text);
        return;
    }
    subscribe(conn, channel);
    buffer_append_text(&answer,
                       "{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"");
    buffer_append_bytes(&answer, name);
    buffer_append_text(&answer, "\",\"data\":\"{}\"}");
    queue_text(conn, buffer_bytes(&answer));
    buffer_deinit(&answer);
}

static void on_text(struct conn *conn, struct bytes text)
{
    if (bytes_starts_with(text, BYTES("{\"event\":\"client-"))) {
        struct channel *channel = channel_of(cut(text, "\"channel\":\"", "\""));

        buffer_append_bytes(gather(channel, text.len), text);
        channel->except = conn;
    } else if (bytes_starts_with(text, BYTES("{\"event\":\"pusher:subscribe\""))) {
        on_subscribe(conn, text);
    } else if (bytes_starts_with(text, BYTES("{\"event\":\"pusher:unsubscribe\""))) {
        unsubscribe(conn, channel_of(cut(text, "\"channel\":\"", "\"")));
    } else {
        queue_text(conn, BYTES("{\"event\":\"pusher:pong\"}"));
    }
}

/* How many bytes of `in` are a whole frame that was handled; 0 where it is not whole. */
static size_t on_frame(struct conn *conn, char *in, size_t len)
{
    struct ws_frame frame;
    const ssize_t head = ws_frame_parse((const uint8_t *)in, len, PAYLOAD_MAX, false, &frame);
    char *payload;

    if (head <= 0 || len - (size_t)head < frame.payload_len)
        return 0;
    payload = in + head;
    ws_frame_mask(payload, frame.payload_len, frame.mask);
    if (frame.opcode == WS_FRAME_CLOSE) {
        queue(conn, BYTES("\x88\x02\x03\xe8"));
        floor_close(conn);
    } else {
        on_text(conn, (struct bytes){payload, frame.payload_len});
    }
    return (size_t)head + frame.payload_len;
}

static void upgrade(struct conn *conn, struct bytes head)
{
    static unsigned socket_number;
    const struct bytes key = cut(head, "Sec-WebSocket-Key: ", "\r\n");
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char accept[32];
    struct buffer text = {0};

    buffer_append_bytes(&text, key);
    buffer_append_text(&text, GUID);
    SHA1((const unsigned char *)text.data, text.len, digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    buffer_clear(&text);
    buffer_printf(&text,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                  (const char *)accept);
    queue(conn, buffer_bytes(&text));
    buffer_clear(&text);
    buffer_printf(&text,
                  "{\"event\":\"pusher:connection_established\",\"data\":\"{\\\"socket_id\\\":"
                  "\\\"%u.1\\\",\\\"activity_timeout\\\":30}\"}",
                  ++socket_number);
    queue_text(conn, buffer_bytes(&text));
    buffer_deinit(&text);
    conn->is_websocket = true;
}

/* `{"name":N,"channel":C,"data":D}` becomes `{"event":N,"channel":C,"data":D}`. */
static void publish(struct bytes body)
{
    const struct bytes rest = bytes_from(body, sizeof "{\"name\"" - 1);
    struct channel *channel = channel_of(cut(body, "\"channel\":\"", "\""));
    struct buffer *run = gather(channel, rest.len + sizeof "{\"event\"" - 1);

    buffer_append_text(run, "{\"event\"");
    buffer_append_bytes(run, rest);
}

/* As on_frame(), for a request. */
static size_t on_request(struct conn *conn, struct bytes in)
{
    const char *end = memmem(in.data, in.len, "\r\n\r\n", 4);
    struct bytes head;
    uint64_t body_len = 0;

    if (end == NULL)
        return 0;
    head = (struct bytes){in.data, (size_t)(end - in.data) + 4};
    if (in.data[0] == 'G') {
        upgrade(conn, head);
        return head.len;
    }
    bytes_to_number(cut(head, "Content-Length: ", "\r\n"), PAYLOAD_MAX, &body_len);
    if (in.len < head.len + body_len)
        return 0;
    publish((struct bytes){in.data + head.len, body_len});
    queue(conn, BYTES("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Content-Length: 2\r\n\r\n{}"));
    return head.len + body_len;
}

static void handle(struct conn *conn, char *in, size_t len)
{
    size_t used = 0;
    size_t step = 1;

    while (step > 0 && used < len && !conn->is_closed) {
        step = conn->is_websocket ? on_frame(conn, in + used, len - used)
                                  : on_request(conn, (struct bytes){in + used, len - used});
        used += step;
    }
    if (in == conn->in.data)
        buffer_consume(&conn->in, used);
    else if (used < len)
        buffer_append(&conn->in, in + used, len - used);
}

void floor_received(struct conn *conn, char *data, size_t len)
{
    if (conn->in.len == 0) {
        handle(conn, data, len);
        return;
    }
    buffer_append(&conn->in, data, len);
    handle(conn, conn->in.data, conn->in.len);
}

static void on_readable(struct conn *conn)
{
    const ssize_t len = recv(conn->fd, read_buffer, sizeof read_buffer, 0);

    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0)
        floor_close(conn);
    else
        floor_received(conn, read_buffer, (size_t)len);
}

static void on_writable(struct conn *conn)
{
    flush(conn);
    if (!conn->is_closed && conn->out.len == 0)
        await_writable(conn, false);
}

static int listen_on(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted ones inherit it */
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4096) != 0)
        return -1;
    return listener;
}

static void run(int listener)
{
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) == 0);
    for (;;) {
        const int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);

        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;

            if (conn == NULL)
                accept_all(listener);
            else if (!conn->is_closed && (events[i].events & EPOLLOUT))
                on_writable(conn);
            if (conn != NULL && !conn->is_closed && (events[i].events & (EPOLLIN | EPOLLHUP)))
                on_readable(conn);
        }
        floor_end_turn();
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    uint64_t port;
    int listener;

    is_uring = argc == 3 && strcmp(argv[2], "io_uring") == 0;
    if (argc != 2 + is_uring || !bytes_to_number(bytes_of(argv[1]), UINT16_MAX, &port)) {
        fprintf(stderr, "usage: floor PORT [io_uring]\n");
        return 1;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    listener = listen_on((uint16_t)port);
    if (listener < 0) {
        fprintf(stderr, "floor: port %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    if (is_uring && !floor_uring_open(listener)) {
        fprintf(stderr, "floor: there is no io_uring here\n");
        return 1;
    }
    printf("floor: listening on 127.0.0.1:%s\n", argv[1]);
    fflush(stdout);
    if (is_uring)
        floor_uring_run();
    run(listener);
}
