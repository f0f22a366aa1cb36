#include "net/conn.h"

#include "net/backlog.h"
#include "support/fixture.h"

#define BACKLOG_MAX 300000
/* What fill(), with pieces of 10 000 bytes, may leave behind. */
#define BEHIND_MAX (BACKLOG_MAX * (1 + NET_BACKLOG_MORE) + 10000)

/* One connection and what it was told. */
struct end {
    struct net_conn *conn;
    int peer;
    struct buffer received; /* "data:abc;end;timer;closed;" */
    struct buffer sent;     /* what came to the peer */
    bool is_closed;
    bool closes_at_data;
    bool finishes_at_end;
    bool stays_at_end;
    bool yields_at_data; /* keeps all but the first byte for later turns */
    struct buffer kept;
    struct net_watermark *fills; /* at each data */
    struct end *other;           /* written to, then closed, when this one has closed */
};

static struct fixture fixture;
static struct end ends[3];

static void handle_a_byte(struct end *end, const char *data, size_t len)
{
    buffer_append(&end->kept, data, len);
    buffer_append(&end->received, end->kept.data, end->kept.len > 0);
    buffer_consume(&end->kept, end->kept.len > 0);
    if (end->kept.len > 0)
        net_conn_yield(end->conn);
}

static void on_data(struct net_conn *conn, char *data, size_t len)
{
    struct end *end = net_conn_user(conn);

    if (end->fills != NULL)
        net_watermark_add(end->fills, end->fills->high + 1);
    if (end->yields_at_data) {
        handle_a_byte(end, data, len);
        return;
    }
    buffer_append_text(&end->received, "data:");
    buffer_append(&end->received, data, len);
    buffer_append_char(&end->received, ';');
    memset(data, 'x', len); /* it may be changed */
    if (end->closes_at_data)
        net_conn_close(conn);
}

static void on_end(struct net_conn *conn)
{
    struct end *end = net_conn_user(conn);

    buffer_append_text(&end->received, "end;");
    if (end->finishes_at_end)
        net_conn_finish(conn);
    else if (!end->stays_at_end)
        net_conn_close(conn);
}

static void on_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)now_ms;
    buffer_append_text(&((struct end *)net_conn_user(conn))->received, "timer;");
}

static void on_closed(struct net_conn *conn)
{
    struct end *end = net_conn_user(conn);

    CHECK(!end->is_closed);
    end->is_closed = true;
    buffer_append_text(&end->received, "closed;");
    if (end->other != NULL && !end->other->is_closed) {
        net_conn_write(end->other->conn, BYTES("bye"));
        net_conn_close(end->other->conn);
    }
}

static const struct net_conn_events events = {
    .is_yielding = true,
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_closed = on_closed,
};

static int open_ends(void **state)
{
    (void)state;
    fixture_open(&fixture, BACKLOG_MAX);
    for (size_t i = 0; i < 3; i++) {
        int fd;

        ends[i] = (struct end){0};
        fd = fixture_pair(&fixture, &ends[i].peer);
        ends[i].conn = net_conn_open(&fixture.loop, fd, NULL, &events, &ends[i]);
        assert_non_null(ends[i].conn);
    }
    return 0;
}

static int close_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        close(ends[i].peer);
    fixture_close(&fixture);
    for (size_t i = 0; i < 3; i++) {
        assert_true(ends[i].is_closed);
        buffer_deinit(&ends[i].received);
        buffer_deinit(&ends[i].sent);
        buffer_deinit(&ends[i].kept);
    }
    return 0;
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)

static void assert_received(const struct end *end, const char *should)
{
    assert_bytes_equal(buffer_bytes(&end->received), bytes_of(should));
}

static struct net_chunk *chunk_of(size_t len, char c)
{
    struct net_chunk *chunk = net_chunk_new(len);

    memset(chunk->data, c, len);
    chunk->len = (uint32_t)len;
    return chunk;
}

static void what_comes_in_is_received_in_order(void **state)
{
    (void)state;
    fixture_send(ends[0].peer, BYTES("abc"));
    fixture_turn(&fixture);
    fixture_send(ends[0].peer, BYTES("def"));
    shutdown(ends[0].peer, SHUT_WR);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "data:abc;data:def;end;closed;");
    assert_received(&ends[1], "");
}

static void what_is_written_leaves_in_order_when_the_turn_ends(void **state)
{
    struct net_chunk *shared = chunk_of(3, 's');

    (void)state;
    assert_true(net_conn_write(ends[0].conn, BYTES("ab")));
    assert_true(net_conn_queue(ends[0].conn, shared, 0));
    assert_true(net_conn_write_pair(ends[0].conn, BYTES("cd"), BYTES("ef")));
    assert_true(net_conn_send(ends[0].conn, shared));
    assert_true(net_conn_write(ends[0].conn, BYTES("")));
    assert_true(net_conn_write_pieces(ends[0].conn, BYTES("<"),
                                      (struct net_chunk *[]){shared, shared}, 2, BYTES(">")));
    net_conn_write_last(ends[0].conn, BYTES("!"));
    assert_int_equal(net_conn_backlog_bytes(ends[0].conn), 21);
    assert_true(fixture_receive(ends[0].peer, &ends[0].sent));
    assert_int_equal(ends[0].sent.len, 0);
    fixture_turn(&fixture);
    fixture_receive(ends[0].peer, &ends[0].sent);
    assert_text(buffer_bytes(&ends[0].sent), "abssscdefsss<ssssss>!");
    assert_int_equal(net_conn_backlog_bytes(ends[0].conn), 0);
    assert_int_equal(atomic_load(&shared->refs), 1);
    net_chunk_unref(shared);
}

static void a_chunk_goes_at_once_where_nothing_is_queued(void **state)
{
    struct net_chunk *shared = chunk_of(3, 's');

    (void)state;
    assert_true(net_conn_send(ends[0].conn, shared));
    if (fixture_has_batches)
        fixture_turn(&fixture);
    fixture_receive(ends[0].peer, &ends[0].sent);
    assert_text(buffer_bytes(&ends[0].sent), "sss");
    net_chunk_unref(shared);
}

/* Sends until no more may be queued; answers how much was taken. */
static size_t fill(struct end *end, bool at_once)
{
    struct net_chunk *chunk = chunk_of(10000, 'f');
    size_t taken = 0;

    while (at_once ? net_conn_send(end->conn, chunk) : net_conn_queue(end->conn, chunk, 0)) {
        taken += chunk->len;
        assert_true(net_conn_backlog_bytes(end->conn) <= BEHIND_MAX);
        CHECK(taken < 100000000);
    }
    net_chunk_unref(chunk);
    return taken;
}

static void receive_len(struct end *end, size_t len)
{
    FIXTURE_UNTIL(&fixture, fixture_receive(end->peer, &end->sent) && end->sent.len >= len);
    assert_int_equal(end->sent.len, len);
}

static void for_a_peer_that_does_not_read_no_more_than_the_limit_is_queued(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct end *end = &ends[at_once];
        const size_t taken = fill(end, at_once);

        fixture_turn(&fixture);
        assert_false(end->is_closed); /* what to do is its owner's */
        receive_len(end, taken);
        assert_int_equal(net_conn_backlog_bytes(end->conn), 0);
    }
}

static void the_last_words_are_queued_beyond_the_limit(void **state)
{
    const size_t taken = fill(&ends[0], true);
    static char much[10000];

    (void)state;
    assert_false(net_conn_write(ends[0].conn, (struct bytes){much, sizeof much}));
    net_conn_write_last(ends[0].conn, (struct bytes){much, sizeof much});
    net_conn_finish(ends[0].conn);
    FIXTURE_UNTIL(&fixture, !fixture_receive(ends[0].peer, &ends[0].sent));
    assert_int_equal(ends[0].sent.len, taken + sizeof much);
}

static void behind_a_piece_of_any_size_as_much_as_the_rule_says_is_queued(void **state)
{
    const size_t len = (size_t)BACKLOG_MAX * 40;
    struct net_chunk *large = chunk_of(len, 'l');
    struct net_chunk *small = chunk_of(BACKLOG_MAX, 's');
    size_t count = 0;

    (void)state;
    assert_true(net_conn_queue(ends[0].conn, large, 0));
    fixture_turn(&fixture);
    assert_false(net_conn_queue(ends[0].conn, large, 0));
    while (net_conn_queue(ends[0].conn, small, 0))
        count++;
    assert_int_equal(count, NET_BACKLOG_MORE);
    receive_len(&ends[0], len + count * BACKLOG_MAX);
    net_chunk_unref(large);
    net_chunk_unref(small);
}

static void what_slow_readers_hold_is_counted_once_and_given_back(void **state)
{
    struct net_chunk *large = chunk_of(BACKLOG_MAX * 3, 'l');

    (void)state;
    assert_int_equal(net_chunk_held_bytes(), 0);
    for (int i = 0; i < 2; i++)
        assert_true(net_conn_queue(ends[i].conn, large, 0));
    net_chunk_unref(large);
    assert_int_equal(net_chunk_held_bytes(), 0);
    fixture_turn(&fixture);
    assert_int_equal(net_chunk_held_bytes(), sizeof *large + BACKLOG_MAX * 3);
    for (int i = 0; i < 2; i++)
        receive_len(&ends[i], BACKLOG_MAX * 3);
    assert_int_equal(net_chunk_held_bytes(), 0);
}

static void who_is_behind_and_takes_nothing_is_ended_and_who_takes_something_is_not(void **state)
{
    struct net_chunk *large = chunk_of(BACKLOG_MAX * 10, 'l');
    static char some[100000];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_true(net_conn_queue(ends[i].conn, large, 0));
    assert_true(net_conn_write(ends[2].conn, BYTES("little")));
    net_chunk_unref(large);
    for (int passed_ms = 0; passed_ms < NET_BACKLOG_STALL_MS; passed_ms += 2500) {
        const uint64_t now_ms = net_loop_now_ms(&fixture.loop) + (uint64_t)passed_ms;

        fixture_turn(&fixture);
        net_conn_end_stalled(&fixture.loop, now_ms);
        assert_false(ends[0].is_closed);
        if (recv(ends[1].peer, some, sizeof some, 0) < 0)
            CHECK(errno == EAGAIN);
    }
    net_conn_end_stalled(&fixture.loop,
                         net_loop_now_ms(&fixture.loop) + NET_BACKLOG_STALL_MS + 1000);
    fixture_turn(&fixture);
    assert_true(ends[0].is_closed);
    assert_false(ends[1].is_closed);
    assert_false(ends[2].is_closed);
}

static void a_slow_reader_gets_every_byte_in_order(void **state)
{
    struct unit_random random = {1};
    struct buffer should = {0};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct net_chunk *chunk =
            chunk_of(1 + unit_random_below(&random, 700), (char)('a' + i % 26));
        const size_t way = unit_random_below(&random, 3);
        const bool is_taken = way == 0   ? net_conn_write(ends[0].conn, net_chunk_bytes(chunk))
                              : way == 1 ? net_conn_queue(ends[0].conn, chunk, 0)
                                         : net_conn_send(ends[0].conn, chunk);

        if (is_taken)
            buffer_append_bytes(&should, net_chunk_bytes(chunk));
        net_chunk_unref(chunk);
        if (i % 7 == 0)
            fixture_turn(&fixture);
        if (i % 500 == 499)
            fixture_receive(ends[0].peer, &ends[0].sent);
    }
    receive_len(&ends[0], should.len);
    assert_bytes_equal(buffer_bytes(&ends[0].sent), buffer_bytes(&should));
    buffer_deinit(&should);
}

static void finishing_sends_what_is_queued_and_discards_what_comes(void **state)
{
    (void)state;
    net_conn_write(ends[0].conn, BYTES("bye"));
    net_conn_finish(ends[0].conn);
    net_conn_finish(ends[0].conn);
    assert_true(net_conn_is_closing(ends[0].conn));
    assert_true(net_conn_write(ends[0].conn, BYTES("late")));
    net_conn_write_last(ends[0].conn, BYTES("late"));
    fixture_send(ends[0].peer, BYTES("unread"));
    fixture_receive_all(&fixture, ends[0].peer, &ends[0].sent);
    assert_text(buffer_bytes(&ends[0].sent), "bye");
    fixture_turn(&fixture);
    assert_false(ends[0].is_closed); /* the peer has not ended */
    close(ends[0].peer);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "closed;");
    ends[0].peer = dup(0);
}

static void finishing_at_once_does_not_wait_for_the_peers_end(void **state)
{
    (void)state;
    net_conn_write(ends[0].conn, BYTES("bye"));
    net_conn_finish_at_once(ends[0].conn);
    fixture_turn(&fixture);
    assert_true(ends[0].is_closed);
    assert_received(&ends[0], "closed;");
    assert_false(fixture_receive(ends[0].peer, &ends[0].sent));
    assert_text(buffer_bytes(&ends[0].sent), "bye");
}

static void finishing_at_once_waits_until_the_peer_takes_what_it_is_owed(void **state)
{
    const size_t taken = fill(&ends[0], true);

    (void)state;
    net_conn_write_last(ends[0].conn, BYTES("bye"));
    net_conn_finish_at_once(ends[0].conn);
    fixture_turn(&fixture);
    assert_false(ends[0].is_closed);
    FIXTURE_UNTIL(&fixture, !fixture_receive(ends[0].peer, &ends[0].sent));
    assert_true(ends[0].is_closed);
    assert_int_equal(ends[0].sent.len, taken + 3);
}

static void finishing_at_once_a_peer_that_takes_nothing_ends_in_bounded_time(void **state)
{
    (void)state;
    fill(&ends[0], true);
    net_conn_finish_at_once(ends[0].conn);
    fixture_turn(&fixture);
    assert_false(ends[0].is_closed);
    fixture_pass(&fixture, 6000);
    assert_true(ends[0].is_closed);
}

static void a_peer_that_never_ends_is_closed_in_bounded_time(void **state)
{
    (void)state;
    net_conn_finish(ends[0].conn);
    fixture_turn(&fixture);
    assert_false(ends[0].is_closed);
    fixture_pass(&fixture, 6000);
    assert_true(ends[0].is_closed);
    assert_received(&ends[0], "closed;");
}

static void who_has_ended_its_side_still_gets_what_is_queued(void **state)
{
    (void)state;
    ends[0].finishes_at_end = true;
    net_conn_write(ends[0].conn, BYTES("first"));
    shutdown(ends[0].peer, SHUT_WR);
    fixture_receive_all(&fixture, ends[0].peer, &ends[0].sent);
    assert_text(buffer_bytes(&ends[0].sent), "first");
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "end;closed;");
}

static void who_ends_its_side_while_much_is_queued_still_gets_it_all(void **state)
{
    size_t taken;

    (void)state;
    ends[0].finishes_at_end = true;
    taken = fill(&ends[0], false);
    shutdown(ends[0].peer, SHUT_WR);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    fixture_receive_all(&fixture, ends[0].peer, &ends[0].sent);
    assert_int_equal(ends[0].sent.len, taken);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
}

static void closing_is_told_on_a_later_call_and_nothing_comes_after(void **state)
{
    (void)state;
    net_conn_write(ends[0].conn, BYTES("lost"));
    net_conn_set_timer(ends[0].conn, 1);
    fixture_send(ends[0].peer, BYTES("unread"));
    net_conn_close(ends[0].conn);
    net_conn_close(ends[0].conn);
    assert_true(net_conn_is_closing(ends[0].conn));
    assert_received(&ends[0], "");
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    fixture_pass(&fixture, 1000);
    assert_received(&ends[0], "closed;");
    assert_false(fixture_receive(ends[0].peer, &ends[0].sent));
    assert_int_equal(ends[0].sent.len, 0);
}

static void a_connection_may_close_within_its_own_data(void **state)
{
    (void)state;
    ends[0].closes_at_data = true;
    fixture_send(ends[0].peer, BYTES("abc"));
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "data:abc;closed;");
}

static void one_that_has_closed_may_write_to_another_and_close_it(void **state)
{
    (void)state;
    ends[0].other = &ends[1];
    ends[1].other = &ends[2];
    net_conn_close(ends[0].conn);
    FIXTURE_UNTIL(&fixture, ends[2].is_closed);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    assert_received(&ends[1], "closed;");
}

static void what_one_connection_sends_another_in_a_turn_may_close_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        net_conn_write(ends[i].conn, BYTES("x"));
        ends[i].closes_at_data = true;
        fixture_send(ends[i].peer, BYTES("abc"));
    }
    FIXTURE_UNTIL(&fixture, ends[0].is_closed && ends[1].is_closed && ends[2].is_closed);
}

static void what_a_peer_sends_while_nobody_reads_comes_after(void **state)
{
    (void)state;
    net_conn_set_reading(ends[0].conn, false);
    fixture_send(ends[0].peer, BYTES("abc"));
    fixture_turn(&fixture);
    assert_received(&ends[0], "");
    net_conn_set_reading(ends[0].conn, true);
    fixture_turn(&fixture);
    assert_received(&ends[0], "data:abc;");
}

static void who_yields_is_gone_on_with_turn_by_turn_and_reads_nothing_meanwhile(void **state)
{
    (void)state;
    ends[0].yields_at_data = true;
    fixture_send(ends[0].peer, BYTES("abc"));
    fixture_send(ends[1].peer, BYTES("x"));
    fixture_turn(&fixture);
    assert_true(net_conn_is_held(ends[0].conn));
    fixture_send(ends[0].peer, BYTES("d"));
    while (net_conn_is_held(ends[0].conn)) {
        const size_t before = ends[0].received.len;

        net_loop_turn(&fixture.loop, true); /* it does not wait */
        assert_in_range(ends[0].received.len, before, before + 1);
    }
    FIXTURE_UNTIL(&fixture, ends[0].received.len == 4);
    assert_received(&ends[0], "abcd");
    assert_received(&ends[1], "data:x;");
}

static void who_fills_a_queue_is_not_read_from_until_it_is_lower(void **state)
{
    struct net_watermark queue;

    (void)state;
    net_watermark_init(&queue, 10, 0);
    ends[0].fills = &queue;
    fixture_send(ends[0].peer, BYTES("1"));
    FIXTURE_UNTIL(&fixture, net_conn_is_held(ends[0].conn));
    ends[0].fills = NULL;
    fixture_send(ends[0].peer, BYTES("2"));
    fixture_send(ends[1].peer, BYTES("x"));
    FIXTURE_UNTIL(&fixture, ends[1].received.len > 0);
    assert_received(&ends[0], "data:1;");
    net_watermark_sub(&queue, 11);
    FIXTURE_UNTIL(&fixture, !net_conn_is_held(ends[0].conn));
    FIXTURE_UNTIL(&fixture, ends[0].received.len > sizeof "data:1;data:;" - 1);
    assert_received(&ends[0], "data:1;data:;data:2;");
}

static void who_filled_one_queue_does_not_wait_for_another(void **state)
{
    struct net_watermark queues[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        net_watermark_init(&queues[i], 10, 0);
        ends[i].fills = &queues[i];
        fixture_send(ends[i].peer, BYTES("1"));
        FIXTURE_UNTIL(&fixture, net_conn_is_held(ends[i].conn));
        ends[i].fills = NULL;
    }
    net_watermark_sub(&queues[1], 11);
    FIXTURE_UNTIL(&fixture, !net_conn_is_held(ends[1].conn));
    assert_true(net_conn_is_held(ends[0].conn));
    net_watermark_sub(&queues[0], 11);
    FIXTURE_UNTIL(&fixture, !net_conn_is_held(ends[0].conn));
}

static void one_that_is_held_may_close_or_finish(void **state)
{
    struct net_watermark queue;

    (void)state;
    net_watermark_init(&queue, 10, 0);
    for (int i = 0; i < 2; i++) {
        ends[i].fills = &queue;
        fixture_send(ends[i].peer, BYTES("1"));
    }
    FIXTURE_UNTIL(&fixture, net_conn_is_held(ends[0].conn) && net_conn_is_held(ends[1].conn));
    net_conn_close(ends[0].conn);
    net_conn_finish(ends[1].conn);
    shutdown(ends[1].peer, SHUT_WR);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed && ends[1].is_closed);
    net_watermark_sub(&queue, atomic_load(&queue.amount));
    fixture_turn(&fixture);
}

static void one_that_does_not_read_still_finishes(void **state)
{
    (void)state;
    net_conn_set_reading(ends[0].conn, false);
    fixture_send(ends[0].peer, BYTES("abc"));
    net_conn_write(ends[0].conn, BYTES("bye"));
    net_conn_finish(ends[0].conn);
    fixture_receive_all(&fixture, ends[0].peer, &ends[0].sent);
    assert_text(buffer_bytes(&ends[0].sent), "bye");
    shutdown(ends[0].peer, SHUT_WR);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "closed;");
}

static void a_peer_that_has_ended_and_then_goes_is_closed_though_nothing_is_sent(void **state)
{
    (void)state;
    ends[0].stays_at_end = true;
    shutdown(ends[0].peer, SHUT_WR);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    assert_received(&ends[0], "end;");
    shutdown(ends[0].peer, SHUT_RD);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
}

static void the_timer_comes_once_not_early_and_moves(void **state)
{
    const uint64_t now_ms = net_loop_now_ms(&fixture.loop);

    (void)state;
    net_conn_set_timer(ends[0].conn, now_ms + 1000);
    net_conn_set_timer(ends[1].conn, now_ms + 1000);
    net_conn_set_timer(ends[1].conn, now_ms + 60000);
    fixture_turn(&fixture);
    assert_received(&ends[0], "");
    fixture_pass(&fixture, 2000);
    assert_received(&ends[0], "timer;");
    assert_received(&ends[1], "");
    fixture_pass(&fixture, 70000);
    assert_received(&ends[0], "timer;");
    assert_received(&ends[1], "timer;");
}

static void the_timer_comes_by_the_real_clock_too(void **state)
{
    const uint64_t began_ms = fixture_clock_ms();

    (void)state;
    net_conn_set_timer(ends[0].conn, net_loop_now_ms(&fixture.loop) + 100);
    FIXTURE_UNTIL(&fixture, ends[0].received.len > 0);
    assert_true(fixture_clock_ms() - began_ms >= 99);
}

static void a_peer_that_resets_is_told_as_an_end(void **state)
{
    (void)state;
    /* What the peer has not read when it closes becomes a reset. */
    net_conn_write(ends[0].conn, BYTES("unread"));
    fixture_turn(&fixture);
    close(ends[0].peer);
    ends[0].peer = dup(0);
    FIXTURE_UNTIL(&fixture, ends[0].is_closed);
    assert_received(&ends[0], "end;closed;");
}

static void another_layer_receives_from_the_handing_over_on(void **state)
{
    (void)state;
    fixture_send(ends[0].peer, BYTES("abc"));
    net_conn_hand_over(ends[0].conn, &events, &ends[1]);
    fixture_turn(&fixture);
    assert_received(&ends[1], "data:abc;");
    net_conn_hand_over(ends[0].conn, &events, &ends[0]);
    assert_ptr_equal(net_conn_loop(ends[0].conn), &fixture.loop);
}

static void descriptors_are_given_back(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&fixture.descriptors.connections_count), 3);
    net_conn_close(ends[0].conn);
    assert_int_equal(atomic_load(&fixture.descriptors.connections_count), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONN_TEST(what_comes_in_is_received_in_order),
        CONN_TEST(what_is_written_leaves_in_order_when_the_turn_ends),
        CONN_TEST(a_chunk_goes_at_once_where_nothing_is_queued),
        CONN_TEST(for_a_peer_that_does_not_read_no_more_than_the_limit_is_queued),
        CONN_TEST(the_last_words_are_queued_beyond_the_limit),
        CONN_TEST(behind_a_piece_of_any_size_as_much_as_the_rule_says_is_queued),
        CONN_TEST(what_slow_readers_hold_is_counted_once_and_given_back),
        CONN_TEST(who_is_behind_and_takes_nothing_is_ended_and_who_takes_something_is_not),
        CONN_TEST(a_slow_reader_gets_every_byte_in_order),
        CONN_TEST(finishing_sends_what_is_queued_and_discards_what_comes),
        CONN_TEST(finishing_at_once_does_not_wait_for_the_peers_end),
        CONN_TEST(finishing_at_once_waits_until_the_peer_takes_what_it_is_owed),
        CONN_TEST(finishing_at_once_a_peer_that_takes_nothing_ends_in_bounded_time),
        CONN_TEST(a_peer_that_never_ends_is_closed_in_bounded_time),
        CONN_TEST(who_has_ended_its_side_still_gets_what_is_queued),
        CONN_TEST(who_ends_its_side_while_much_is_queued_still_gets_it_all),
        CONN_TEST(closing_is_told_on_a_later_call_and_nothing_comes_after),
        CONN_TEST(a_connection_may_close_within_its_own_data),
        CONN_TEST(one_that_has_closed_may_write_to_another_and_close_it),
        CONN_TEST(what_one_connection_sends_another_in_a_turn_may_close_both),
        CONN_TEST(what_a_peer_sends_while_nobody_reads_comes_after),
        CONN_TEST(who_yields_is_gone_on_with_turn_by_turn_and_reads_nothing_meanwhile),
        CONN_TEST(who_fills_a_queue_is_not_read_from_until_it_is_lower),
        CONN_TEST(who_filled_one_queue_does_not_wait_for_another),
        CONN_TEST(one_that_is_held_may_close_or_finish),
        CONN_TEST(one_that_does_not_read_still_finishes),
        CONN_TEST(a_peer_that_has_ended_and_then_goes_is_closed_though_nothing_is_sent),
        CONN_TEST(the_timer_comes_once_not_early_and_moves),
        CONN_TEST(the_timer_comes_by_the_real_clock_too),
        CONN_TEST(a_peer_that_resets_is_told_as_an_end),
        CONN_TEST(another_layer_receives_from_the_handing_over_on),
        CONN_TEST(descriptors_are_given_back),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
