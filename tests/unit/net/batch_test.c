#include "net/batch.h"

#include "net/conn.h"
#include "support/fixture.h"

#define PEERS_COUNT 200
#define CHUNK_LEN_MAX 20000
#define ROUNDS_COUNT 150

/* A connection, what was sent to it, and what has come to its peer. */
struct peer {
    struct net_conn *conn;
    int fd;
    struct buffer sent;
    struct buffer came;
    struct buffer received; /* by the connection, from the peer */
    bool is_closed;
    bool is_gone; /* the peer has closed its socket */
};

static struct fixture fixture;
static struct peer peers[PEERS_COUNT];
static struct unit_random chance;
static struct peer *victim;   /* closed when anybody receives anything */
static int mails_count;       /* delivered */
static int mails_before_data; /* as many as were delivered when the first input was handled */

static void on_data(struct net_conn *conn, char *data, size_t len)
{
    struct peer *peer = net_conn_user(conn);

    if (mails_before_data < 0)
        mails_before_data = mails_count;
    buffer_append(&peer->received, data, len);
    if (victim != NULL && victim != peer && !victim->is_closed)
        net_conn_close(victim->conn);
}

static void on_end(struct net_conn *conn)
{
    net_conn_finish(conn);
}

static void on_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)conn, (void)now_ms;
}

static void on_closed(struct net_conn *conn)
{
    struct peer *peer = net_conn_user(conn);

    peer->is_closed = true;
}

static const struct net_conn_events events = {
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_closed = on_closed,
};

static int open_peers(void **state)
{
    (void)state;
    fixture_has_batches = true;
    fixture_open(&fixture, 100 * 1024 * 1024);
    fixture.loop.batch->sends_min = NET_BATCH_SENDS_MIN;
    chance = (struct unit_random){7};
    victim = NULL;
    mails_count = 0;
    mails_before_data = -1;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        const int fd = fixture_pair(&fixture, &peers[i].fd);
        const int small = 4096;

        /* So that many sends are short, and many sockets full. */
        CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
        peers[i].conn = net_conn_open(&fixture.loop, fd, NULL, &events, &peers[i]);
    }
    return 0;
}

static int close_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        if (!peers[i].is_closed)
            net_conn_close(peers[i].conn);
        if (!peers[i].is_gone)
            close(peers[i].fd);
    }
    fixture_close(&fixture);
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        buffer_deinit(&peers[i].sent);
        buffer_deinit(&peers[i].came);
        buffer_deinit(&peers[i].received);
        peers[i] = (struct peer){0};
    }
    return 0;
}

#define BATCH_TEST(name) cmocka_unit_test_setup_teardown(name, open_peers, close_peers)

static struct net_chunk *random_chunk(size_t len)
{
    struct net_chunk *chunk = net_chunk_new(len);

    for (size_t i = 0; i < len; i++)
        chunk->data[i] = (char)unit_random_next(&chance);
    chunk->len = (uint32_t)len;
    return chunk;
}

static void send_to(struct peer *peer, struct net_chunk *chunk, bool at_once)
{
    if (net_conn_is_closing(peer->conn))
        return;
    assert_true(at_once ? net_conn_send(peer->conn, chunk) : net_conn_queue(peer->conn, chunk, 0));
    buffer_append_bytes(&peer->sent, net_chunk_bytes(chunk));
}

/* What has come is the beginning of what was sent. */
static void check_prefix(const struct peer *peer)
{
    assert_true(peer->came.len <= peer->sent.len);
    if (peer->came.len > 0)
        assert_memory_equal(peer->came.data, peer->sent.data, peer->came.len);
}

static bool receive_all(void)
{
    bool is_all = true;

    for (size_t i = 0; i < PEERS_COUNT; i++) {
        struct peer *peer = &peers[i];

        if (peer->is_gone)
            continue;
        fixture_receive(peer->fd, &peer->came);
        check_prefix(peer);
        is_all = is_all && (peer->is_closed || peer->came.len == peer->sent.len);
    }
    return is_all;
}

static void one_chunk_to_all(size_t len)
{
    struct net_chunk *chunk = random_chunk(len);

    for (size_t i = 0; i < PEERS_COUNT; i++)
        if (!peers[i].is_closed)
            send_to(&peers[i], chunk, true);
    net_chunk_unref(chunk);
}

static void all_are_sent_it_when_the_turn_ends(void **state)
{
    (void)state;
    one_chunk_to_all(1000);
    fixture_turn(&fixture);
    assert_true(receive_all());
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_int_equal(net_conn_backlog_bytes(peers[i].conn), 0);
}

static void what_full_sockets_do_not_take_follows_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        one_chunk_to_all(3000);
    fixture_turn(&fixture);
    assert_true(net_conn_backlog_bytes(peers[0].conn) > 0);
    one_chunk_to_all(500);
    FIXTURE_UNTIL(&fixture, receive_all());
}

static void one_that_closes_in_the_same_turn_was_sent_it_and_others_are_too(void **state)
{
    (void)state;
    one_chunk_to_all(100);
    for (size_t i = 0; i < PEERS_COUNT; i += 3)
        net_conn_close(peers[i].conn);
    fixture_turn(&fixture);
    receive_all();
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        assert_int_equal(peers[i].came.len, 100);
        assert_int_equal(peers[i].is_closed, i % 3 == 0);
    }
}

static void peers_that_are_gone_do_not_disturb_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i += 2) {
        close(peers[i].fd);
        peers[i].is_gone = true;
    }
    one_chunk_to_all(100);
    FIXTURE_UNTIL(&fixture, receive_all() && peers[0].is_closed);
    for (size_t i = 1; i < PEERS_COUNT; i += 2)
        assert_int_equal(peers[i].came.len, 100);
    fixture_turn(&fixture);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_int_equal(peers[i].is_closed, i % 2 == 0);
}

static void who_finishes_in_the_same_turn_gets_all_of_it_and_then_the_end(void **state)
{
    (void)state;
    one_chunk_to_all(100);
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        net_conn_write_last(peers[i].conn, BYTES("last"));
        buffer_append_text(&peers[i].sent, "last");
        net_conn_finish(peers[i].conn);
    }
    fixture_turn(&fixture);
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        assert_false(fixture_receive(peers[i].fd, &peers[i].came)); /* the end */
        check_prefix(&peers[i]);
        assert_int_equal(peers[i].came.len, 104);
    }
}

static void what_many_send_in_a_turn_is_received_by_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        struct buffer text = {0};

        buffer_printf(&text, "I am %zu", i);
        fixture_send(peers[i].fd, buffer_bytes(&text));
        buffer_deinit(&text);
    }
    fixture_turn(&fixture);
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        struct buffer text = {0};

        buffer_printf(&text, "I am %zu", i);
        assert_bytes_equal(buffer_bytes(&peers[i].received), buffer_bytes(&text));
        buffer_deinit(&text);
    }
}

static void one_whose_input_was_read_may_be_closed_before_it_is_handled(void **state)
{
    (void)state;
    victim = &peers[9];
    for (size_t i = 0; i < PEERS_COUNT; i++)
        fixture_send(peers[i].fd, BYTES("x"));
    fixture_turn(&fixture);
    assert_true(victim->is_closed);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_true(peers[i].received.len == 1 || &peers[i] == victim);
}

static void deliver(struct net_mail *mail, void *owner)
{
    (void)mail, (void)owner;
    mails_count++;
}

static void mails_that_came_before_the_input_was_read_are_handled_before_it(void **state)
{
    struct net_mail mail = {.deliver = deliver};

    (void)state;
    net_mailbox_post(&fixture.loop.mailbox, &mail);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        fixture_send(peers[i].fd, BYTES("x"));
    fixture_turn(&fixture);
    assert_int_equal(mails_before_data, 1);
}

static void do_anything(void)
{
    struct peer *peer = &peers[unit_random_below(&chance, PEERS_COUNT)];
    const size_t what = unit_random_below(&chance, 1000);

    if (what == 0 && !peer->is_closed) {
        net_conn_close(peer->conn);
    } else if (what == 1 && !peer->is_gone) {
        close(peer->fd);
        peer->is_gone = true;
    } else if (what < 100 && !peer->is_closed) {
        struct net_chunk *chunk = random_chunk(1 + unit_random_below(&chance, CHUNK_LEN_MAX));

        send_to(peer, chunk, what % 2 == 0);
        net_chunk_unref(chunk);
    } else if (what < 250 && !peer->is_gone && !peer->is_closed) {
        fixture_receive(peer->fd, &peer->came);
        check_prefix(peer);
    }
}

static void whatever_is_short_full_or_closed_nothing_is_lost_doubled_or_out_of_order(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS_COUNT; round++) {
        if (round % 8 == 0)
            one_chunk_to_all(1 + unit_random_below(&chance, 2000));
        for (int i = 0; i < 100; i++)
            do_anything();
        fixture_turn(&fixture);
    }
    FIXTURE_UNTIL(&fixture, receive_all());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(all_are_sent_it_when_the_turn_ends),
        BATCH_TEST(what_full_sockets_do_not_take_follows_in_order),
        BATCH_TEST(one_that_closes_in_the_same_turn_was_sent_it_and_others_are_too),
        BATCH_TEST(peers_that_are_gone_do_not_disturb_the_others),
        BATCH_TEST(who_finishes_in_the_same_turn_gets_all_of_it_and_then_the_end),
        BATCH_TEST(what_many_send_in_a_turn_is_received_by_each),
        BATCH_TEST(one_whose_input_was_read_may_be_closed_before_it_is_handled),
        BATCH_TEST(mails_that_came_before_the_input_was_read_are_handled_before_it),
        BATCH_TEST(whatever_is_short_full_or_closed_nothing_is_lost_doubled_or_out_of_order),
    };
    const char *reason;

    if (!net_ring_probe(&reason)) {
        printf("no io_uring: %s\n", reason);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
