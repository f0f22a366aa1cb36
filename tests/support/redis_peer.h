/* A Redis for unit tests: a thread on loopback that records each command and answers as if Redis
 * had applied it, unless the test has set another answer. The test itself puts entries into the
 * inbox. */
#pragma once

#include "support/fixture.h"

#include <arpa/inet.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define REDIS_PEER_CONNS_MAX 64
#define REDIS_PEER_RULES_MAX 16
#define REDIS_PEER_ENTRIES_MAX 16
#define REDIS_PEER_TURN_MS 5
#define REDIS_PEER_BLOCK_TURNS 20

/* Answers the next command that holds `part` with `reply`, a RESP text; "": closes the connection
 * instead; NULL: sends nothing. After a '~' it holds the answer, and what follows it on that
 * connection, until redis_peer_release(). */
struct redis_peer_rule {
    const char *part;
    const char *reply;
    bool is_lasting;
};

struct redis_peer_conn {
    int fd; /* -1: free */
    redisReader *reader;
    bool waits;      /* for an entry of the inbox */
    unsigned waited; /* for so many turns */
    bool holds;      /* its answers */
    struct buffer held;
};

struct redis_peer {
    pthread_t thread;
    pthread_mutex_t lock; /* protects all that follows */
    bool is_over;
    bool closes; /* all connections, once */
    int listener;
    uint16_t port;
    struct redis_peer_conn conns[REDIS_PEER_CONNS_MAX];
    struct buffer log; /* a line for each command: its arguments with blanks between them */
    struct redis_peer_rule rules[REDIS_PEER_RULES_MAX];
    size_t rules_count;
    struct buffer entries[REDIS_PEER_ENTRIES_MAX];
    size_t entries_count;
    unsigned last_id;
    unsigned heartbeats;
    atomic_bool ends_waits; /* a wait for entries has an end */
};

static inline void redis_peer_bulk(struct buffer *out, struct bytes text)
{
    buffer_printf(out, "$%zu\r\n", text.len);
    buffer_append_bytes(out, text);
    buffer_append_text(out, "\r\n");
}

static inline struct bytes redis_peer_argument(const redisReply *command, size_t index)
{
    return index < command->elements
               ? (struct bytes){command->element[index]->str, command->element[index]->len}
               : BYTES("");
}

/* Answers scripts/apply; the letter of the last operation stands before its arguments. */
static inline void redis_peer_apply(struct redis_peer *peer, const redisReply *command,
                                    struct buffer *out)
{
    const struct bytes first = redis_peer_argument(command, 7);
    const size_t last = command->elements - 1;

    if (bytes_equal(first, BYTES("H"))) {
        buffer_append_text(out, "*3\r\n$2\r\nOK\r\n$5\r\nepoch\r\n$1\r\n0\r\n");
    } else if (last > 7 && bytes_equal(redis_peer_argument(command, last - 3), BYTES("B"))) {
        buffer_append_text(out, "*7\r\n$2\r\nOK\r\n$1\r\n0\r\n$1\r\n0\r\n$0\r\n\r\n");
        redis_peer_bulk(out, redis_peer_argument(command, 4));
        buffer_printf(out, "$%d\r\n%u\r\n$1\r\n1\r\n", snprintf(NULL, 0, "%u", peer->heartbeats),
                      peer->heartbeats);
        peer->heartbeats++;
    } else {
        buffer_append_text(out, "*2\r\n$2\r\nOK\r\n$1\r\n0\r\n");
    }
}

static inline void redis_peer_answer(struct redis_peer *peer, struct redis_peer_conn *conn,
                                     const redisReply *command, struct buffer *out)
{
    const struct bytes name = redis_peer_argument(command, 0);

    if (bytes_equal(name, BYTES("INFO")))
        redis_peer_bulk(out, BYTES("redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n"));
    else if (bytes_equal(name, BYTES("SCRIPT")))
        redis_peer_bulk(out, memmem(command->element[2]->str, command->element[2]->len,
                                    "local others", 12) != NULL
                                 ? BYTES("apply-sha")
                                 : BYTES("query-sha"));
    else if (bytes_equal(name, BYTES("XREAD")))
        conn->waits = true, conn->waited = 0;
    else if (bytes_equal(name, BYTES("AUTH")) || bytes_equal(name, BYTES("SELECT")))
        buffer_append_text(out, "+OK\r\n");
    else if (bytes_equal(redis_peer_argument(command, 1), BYTES("apply-sha")))
        redis_peer_apply(peer, command, out);
    else if (bytes_equal(name, BYTES("EVALSHA")))
        buffer_append_text(out, "*2\r\n$1\r\n0\r\n*0\r\n");
    else
        buffer_append_text(out, ":0\r\n");
}

static inline void redis_peer_close(struct redis_peer_conn *conn)
{
    close(conn->fd);
    redisReaderFree(conn->reader);
    buffer_deinit(&conn->held);
    *conn = (struct redis_peer_conn){.fd = -1};
}

static inline void redis_peer_write(struct redis_peer_conn *conn, struct bytes text)
{
    if (conn->holds)
        buffer_append_bytes(&conn->held, text);
    else if (text.len > 0)
        (void)!send(conn->fd, text.data, text.len, MSG_NOSIGNAL);
}

/* True if a rule has decided the answer. */
static inline bool redis_peer_by_rule(struct redis_peer *peer, struct redis_peer_conn *conn,
                                      struct bytes line)
{
    for (size_t i = 0; i < peer->rules_count; i++) {
        const struct redis_peer_rule rule = peer->rules[i];

        if (!unit_has(line, bytes_of(rule.part)))
            continue;
        if (!rule.is_lasting) {
            peer->rules_count--;
            memmove(peer->rules + i, peer->rules + i + 1,
                    (peer->rules_count - i) * sizeof peer->rules[0]);
        }
        if (rule.reply != NULL && rule.reply[0] == '\0') {
            redis_peer_close(conn);
        } else if (rule.reply != NULL) {
            conn->holds |= rule.reply[0] == '~';
            redis_peer_write(conn, bytes_from(bytes_of(rule.reply), rule.reply[0] == '~'));
        }
        return true;
    }
    return false;
}

static inline void redis_peer_take(struct redis_peer *peer, struct redis_peer_conn *conn,
                                   const redisReply *command)
{
    const size_t begin = peer->log.len;
    struct buffer out = {0};

    for (size_t i = 0; i < command->elements; i++) {
        const struct bytes argument = redis_peer_argument(command, i);

        buffer_append_bytes(&peer->log, argument.len > 1000 ? BYTES("(long)") : argument);
        buffer_append_char(&peer->log, i + 1 < command->elements ? ' ' : '\n');
    }
    if (!redis_peer_by_rule(peer, conn, bytes_from(buffer_bytes(&peer->log), begin)))
        redis_peer_answer(peer, conn, command, &out);
    if (conn->fd >= 0)
        redis_peer_write(conn, buffer_bytes(&out));
    buffer_deinit(&out);
}

static inline void redis_peer_read(struct redis_peer *peer, struct redis_peer_conn *conn)
{
    char data[65536];
    const ssize_t len = recv(conn->fd, data, sizeof data, MSG_DONTWAIT);
    void *command = NULL;

    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        redis_peer_close(conn);
        return;
    }
    if (len > 0)
        CHECK(redisReaderFeed(conn->reader, data, (size_t)len) == REDIS_OK);
    while (conn->fd >= 0 && redisReaderGetReply(conn->reader, &command) == REDIS_OK &&
           command != NULL) {
        redis_peer_take(peer, conn, command);
        freeReplyObject(command);
        command = NULL;
    }
}

/* Sends all entries to the connections that wait for some. */
static inline void redis_peer_give_entries(struct redis_peer *peer)
{
    struct buffer out = {0};

    for (size_t c = 0; c < REDIS_PEER_CONNS_MAX && peer->entries_count > 0; c++) {
        if (peer->conns[c].fd < 0 || !peer->conns[c].waits)
            continue;
        buffer_printf(&out, "*1\r\n*2\r\n$5\r\ninbox\r\n*%zu\r\n", peer->entries_count);
        for (size_t i = 0; i < peer->entries_count; i++) {
            char id[16];

            snprintf(id, sizeof id, "%u-0", ++peer->last_id);
            buffer_append_text(&out, "*2\r\n");
            redis_peer_bulk(&out, bytes_of(id));
            buffer_append_text(&out, "*2\r\n$1\r\nm\r\n");
            redis_peer_bulk(&out, buffer_bytes(&peer->entries[i]));
            buffer_deinit(&peer->entries[i]);
        }
        peer->entries_count = 0;
        peer->conns[c].waits = false;
        redis_peer_write(&peer->conns[c], buffer_bytes(&out));
    }
    buffer_deinit(&out);
}

/* The time is up for those that have waited for long. */
static inline void redis_peer_end_waiting(struct redis_peer *peer)
{
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++) {
        struct redis_peer_conn *conn = &peer->conns[i];

        if (conn->fd < 0 || !conn->waits || !peer->ends_waits ||
            conn->waited++ < REDIS_PEER_BLOCK_TURNS)
            continue;
        conn->waits = false;
        redis_peer_write(conn, BYTES("*-1\r\n"));
    }
}

static inline void redis_peer_accept(struct redis_peer *peer)
{
    const int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    size_t free_conn = 0;

    while (peer->conns[free_conn].fd >= 0)
        free_conn++;
    CHECK(fd >= 0 && free_conn < REDIS_PEER_CONNS_MAX);
    peer->conns[free_conn] = (struct redis_peer_conn){.fd = fd, .reader = redisReaderCreate()};
}

static inline void redis_peer_turn(struct redis_peer *peer)
{
    struct pollfd fds[REDIS_PEER_CONNS_MAX + 1];

    fds[REDIS_PEER_CONNS_MAX] = (struct pollfd){.fd = peer->listener, .events = POLLIN};
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++)
        fds[i] = (struct pollfd){.fd = peer->conns[i].fd, .events = POLLIN};
    poll(fds, REDIS_PEER_CONNS_MAX + 1, REDIS_PEER_TURN_MS);
    pthread_mutex_lock(&peer->lock);
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++) {
        if (peer->conns[i].fd >= 0 && peer->closes)
            redis_peer_close(&peer->conns[i]);
        else if (peer->conns[i].fd >= 0 && fds[i].revents != 0)
            redis_peer_read(peer, &peer->conns[i]);
    }
    peer->closes = false;
    if (fds[REDIS_PEER_CONNS_MAX].revents != 0)
        redis_peer_accept(peer);
    redis_peer_give_entries(peer);
    redis_peer_end_waiting(peer);
    pthread_mutex_unlock(&peer->lock);
}

static inline void *redis_peer_run(void *user)
{
    struct redis_peer *peer = user;
    bool is_over = false;

    while (!is_over) {
        redis_peer_turn(peer);
        pthread_mutex_lock(&peer->lock);
        is_over = peer->is_over;
        pthread_mutex_unlock(&peer->lock);
    }
    return NULL;
}

static inline void redis_peer_open(struct redis_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    signal(SIGPIPE, SIG_IGN);
    *peer = (struct redis_peer){0};
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++)
        peer->conns[i].fd = -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(peer->listener, (struct sockaddr *)&address, len) == 0);
    CHECK(listen(peer->listener, 64) == 0);
    CHECK(getsockname(peer->listener, (struct sockaddr *)&address, &len) == 0);
    peer->port = ntohs(address.sin_port);
    CHECK(pthread_mutex_init(&peer->lock, NULL) == 0);
    CHECK(pthread_create(&peer->thread, NULL, redis_peer_run, peer) == 0);
}

static inline void redis_peer_end(struct redis_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->is_over = true;
    pthread_mutex_unlock(&peer->lock);
    pthread_join(peer->thread, NULL);
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++)
        if (peer->conns[i].fd >= 0)
            redis_peer_close(&peer->conns[i]);
    for (size_t i = 0; i < peer->entries_count; i++)
        buffer_deinit(&peer->entries[i]);
    close(peer->listener);
    buffer_deinit(&peer->log);
    pthread_mutex_destroy(&peer->lock);
}

/* --- what a test says and asks -------------------------------------------------------------- */

static inline void redis_peer_rule(struct redis_peer *peer, const char *part, const char *reply,
                                   bool is_lasting)
{
    pthread_mutex_lock(&peer->lock);
    CHECK(peer->rules_count < REDIS_PEER_RULES_MAX);
    peer->rules[peer->rules_count++] = (struct redis_peer_rule){part, reply, is_lasting};
    pthread_mutex_unlock(&peer->lock);
}

static inline void redis_peer_drop_rules(struct redis_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->rules_count = 0;
    pthread_mutex_unlock(&peer->lock);
}

static inline void redis_peer_drop_rule(struct redis_peer *peer, const char *part)
{
    pthread_mutex_lock(&peer->lock);
    for (size_t i = 0; i < peer->rules_count; i++)
        if (strcmp(peer->rules[i].part, part) == 0)
            peer->rules[i--] = peer->rules[--peer->rules_count];
    pthread_mutex_unlock(&peer->lock);
}

/* Adds an entry to the inbox; takes the buffer. */
static inline void redis_peer_put(struct redis_peer *peer, struct buffer *entry)
{
    pthread_mutex_lock(&peer->lock);
    CHECK(peer->entries_count < REDIS_PEER_ENTRIES_MAX);
    peer->entries[peer->entries_count++] = *entry;
    pthread_mutex_unlock(&peer->lock);
    *entry = (struct buffer){0};
}

/* Whether all entries were sent. */
static inline bool redis_peer_has_given(struct redis_peer *peer)
{
    bool has_given;

    pthread_mutex_lock(&peer->lock);
    has_given = peer->entries_count == 0;
    pthread_mutex_unlock(&peer->lock);
    return has_given;
}

/* Sends the answers that were held. */
static inline void redis_peer_release(struct redis_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    for (size_t i = 0; i < REDIS_PEER_CONNS_MAX; i++) {
        struct redis_peer_conn *conn = &peer->conns[i];

        if (conn->fd < 0 || !conn->holds)
            continue;
        conn->holds = false;
        redis_peer_write(conn, buffer_bytes(&conn->held));
        buffer_clear(&conn->held);
    }
    pthread_mutex_unlock(&peer->lock);
}

static inline void redis_peer_close_all(struct redis_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->closes = true;
    pthread_mutex_unlock(&peer->lock);
}

static inline void redis_peer_clear_log(struct redis_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    buffer_clear(&peer->log);
    pthread_mutex_unlock(&peer->lock);
}

static inline bool redis_peer_was_asked(struct redis_peer *peer, const char *part)
{
    bool was_asked;

    pthread_mutex_lock(&peer->lock);
    was_asked = unit_has(buffer_bytes(&peer->log), bytes_of(part));
    pthread_mutex_unlock(&peer->lock);
    return was_asked;
}
