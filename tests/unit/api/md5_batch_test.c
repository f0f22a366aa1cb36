#include "api/md5_batch.h"

#include "support/api_fixture.h"

#define PEERS_COUNT 20
#define LARGE_LEN 3000

static const char path[] = "/apps/3/events";

static struct api_fixture fixture;
static struct buffer sent[PEERS_COUNT]; /* to each */
static int peers[PEERS_COUNT];
static struct buffer bodies[2]; /* two events of one length, one of them large */

static void append_event(struct buffer *body, char filler, size_t len)
{
    char *data = malloc(len);

    assert_non_null(data);
    memset(data, filler, len);
    buffer_append_text(body, "{\"name\":\"n\",\"channel\":\"c\",\"data\":\"");
    buffer_append(body, data, len);
    buffer_append_text(body, "\"}");
    free(data);
}

static size_t waited_count; /* in the last turn */

static void on_turn_end(void *user)
{
    waited_count = fixture.api.md5_batch.count;
    api_fixture_on_turn_end(user);
}

static int open_api(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "");
    fixture.fixture.on_turn_end = on_turn_end;
    peers[0] = fixture.http.peer;
    for (size_t i = 1; i < PEERS_COUNT; i++) {
        http_fixture_connect(&fixture.http);
        peers[i] = fixture.http.peer;
    }
    append_event(&bodies[0], 'x', LARGE_LEN);
    append_event(&bodies[1], 'y', LARGE_LEN);
    fixture_turn(&fixture.fixture);
    return 0;
}

static int close_api(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        if (peers[i] >= 0)
            close(peers[i]);
        buffer_deinit(&sent[i]);
    }
    fixture.http.peer = -1;
    buffer_deinit(&bodies[0]);
    buffer_deinit(&bodies[1]);
    api_fixture_close(&fixture);
    return 0;
}

#define DIGESTS_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

static void append_right(struct buffer *out, size_t which)
{
    api_fixture_append_call(&fixture, out, "POST", path, "", buffer_bytes(&bodies[which]));
}

static void append_small(struct buffer *out)
{
    api_fixture_append_call(&fixture, out, "POST", path, "",
                            BYTES("{\"name\":\"n\",\"channel\":\"c\",\"data\":\"\"}"));
}

/* Signed for the other body of the same length. */
static void append_with_another_body(struct buffer *out, size_t which)
{
    const struct buffer *body = &bodies[which];

    append_right(out, 1 - which);
    memcpy(out->data + out->len - body->len, body->data, body->len);
}

static void append_unsigned(struct buffer *out)
{
    api_fixture_append_request(out, "POST", "/apps/3/events?auth_signature=0&auth_key=key",
                               buffer_bytes(&bodies[0]));
}

/* Takes `request`. */
static void write_to(size_t peer, struct buffer *request)
{
    fixture_send(peers[peer], buffer_bytes(request));
    buffer_deinit(request);
}

static void write_right(size_t peer)
{
    struct buffer request = {0};

    append_right(&request, 0);
    write_to(peer, &request);
}

static void turn(void)
{
    fixture_turn(&fixture.fixture);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        if (peers[i] >= 0)
            fixture_receive(peers[i], &sent[i]);
}

/* The statuses of all answers that came, each with a blank before it. */
static void assert_answers(size_t peer, const char *should)
{
    struct buffer statuses = {0};
    const char *at = buffer_text(&sent[peer]);

    while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
        at += strlen("HTTP/1.1");
        buffer_append(&statuses, at, 4);
    }
    assert_bytes_equal(buffer_bytes(&statuses), bytes_of(should));
    buffer_deinit(&statuses);
}

static void one_alone_does_not_wait(void **state)
{
    (void)state;
    write_right(0);
    turn();
    assert_answers(0, " 200");
    assert_int_equal(waited_count, NET_POLLER_EPOLL ? 0 : 1);
}

static void small_ones_do_not_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        struct buffer request = {0};

        append_small(&request);
        write_to(i, &request);
    }
    turn();
    assert_int_equal(waited_count, 0);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_answers(i, " 200");
}

static void those_of_one_turn_are_answered_in_it(void **state)
{
    (void)state;
    for (size_t count = 2; count <= PEERS_COUNT; count++) {
        for (size_t i = 0; i < count; i++) {
            buffer_clear(&sent[i]);
            write_right(i);
        }
        turn();
        assert_int_equal(waited_count, count);
        for (size_t i = 0; i < count; i++)
            assert_answers(i, " 200");
    }
}

static void a_wrong_one_is_refused_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++) {
        struct buffer request = {0};

        if (i == 5)
            append_with_another_body(&request, 0);
        else if (i == 11)
            append_unsigned(&request);
        else
            append_right(&request, i % 2);
        write_to(i, &request);
    }
    turn();
    assert_int_equal(waited_count, PEERS_COUNT);
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_answers(i, i == 5 || i == 11 ? " 401" : " 200");
}

/* The next request comes to stand where the former stood: its body has an MD5 of its own. */
static void a_digest_counts_for_its_own_body_alone(void **state)
{
    struct buffer request = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        append_right(&request, 0);
        append_with_another_body(&request, 1);
    }
    write_to(0, &request);
    write_right(1);
    turn();
    assert_int_equal(waited_count, 2);
    assert_answers(0, " 200 401 200 401 200 401");
    assert_answers(1, " 200");
}

static void requests_of_one_connection_keep_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buffer request = {0};

        append_right(&request, 0);
        append_small(&request);
        append_unsigned(&request);
        api_fixture_append_request(&request, "GET", "/nothing", BYTES(""));
        append_right(&request, 1);
        append_small(&request);
        write_to(i, &request);
    }
    turn();
    assert_int_equal(waited_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_answers(i, " 200 200 401 404 200 200");
}

static void who_has_gone_is_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS_COUNT; i++)
        write_right(i);
    for (size_t i = 0; i < PEERS_COUNT; i += 3) {
        close(peers[i]);
        peers[i] = -1;
    }
    turn();
    for (size_t i = 0; i < PEERS_COUNT; i++)
        if (peers[i] >= 0)
            assert_answers(i, " 200");
}

/* That it has gone is seen when the small one is answered, before the large one is kept. */
static void who_has_gone_before_the_answer_to_another_is_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buffer request = {0};

        append_small(&request);
        append_right(&request, 0);
        write_to(i, &request);
    }
    close(peers[1]);
    peers[1] = -1;
    turn();
    assert_answers(0, " 200 200");
    assert_answers(2, " 200 200");
}

static void close_all_on_websocket(struct pusher_worker *worker, struct http_conn *conn,
                                   const struct http_request *request, struct bytes key)
{
    (void)worker;
    (void)request;
    (void)key;
    assert_true(fixture.api.md5_batch.count > 0);
    http_conn_close_all(&fixture.http.settings);
    api_call_respond_text(conn, 200, BYTES(""));
}

static void those_whose_connections_are_closed_meanwhile_are_not_handled(void **state)
{
    static const struct bytes upgrade = BYTES("GET /app/key HTTP/1.1\r\nHost: x\r\n\r\n");

    (void)state;
    fixture.api.on_websocket = close_all_on_websocket;
    for (size_t i = 0; i < PEERS_COUNT - 1; i++)
        write_right(i);
    fixture_send(peers[PEERS_COUNT - 1], upgrade);
    turn();
    for (size_t i = 0; i < PEERS_COUNT; i++)
        assert_answers(i, "");
    assert_int_equal(metrics_read(&fixture.metrics.requests_handled), 1);
    FIXTURE_UNTIL(&fixture.fixture, fixture.fixture.loop.connections_count == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIGESTS_TEST(one_alone_does_not_wait),
        DIGESTS_TEST(small_ones_do_not_wait),
        DIGESTS_TEST(those_of_one_turn_are_answered_in_it),
        DIGESTS_TEST(a_wrong_one_is_refused_alone),
        DIGESTS_TEST(a_digest_counts_for_its_own_body_alone),
        DIGESTS_TEST(requests_of_one_connection_keep_their_order),
        DIGESTS_TEST(who_has_gone_is_left_out),
        DIGESTS_TEST(who_has_gone_before_the_answer_to_another_is_left_out),
        DIGESTS_TEST(those_whose_connections_are_closed_meanwhile_are_not_handled),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
