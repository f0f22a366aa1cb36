#include "http/conn.h"

#include "support/http_dates.h"
#include "support/http_fixture.h"

#define REQUEST_MAX 2000

static struct fixture fixture;
static struct http_fixture http;

static int open_http(void **state)
{
    (void)state;
    fixture_open(&fixture, 100000);
    http_fixture_init(&http, &fixture, REQUEST_MAX);
    http_fixture_connect(&http);
    return 0;
}

static int close_http(void **state)
{
    (void)state;
    http_fixture_deinit(&http);
    fixture_close(&fixture);
    return 0;
}

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, open_http, close_http)

static void renew(void)
{
    http_fixture_disconnect(&http);
    http_fixture_connect(&http);
}

static void assert_received(const char *should)
{
    assert_bytes_equal(buffer_bytes(&http.received), bytes_of(should));
}

static unsigned status(void)
{
    return http_fixture_status(&http);
}

static size_t answers_count(void)
{
    const char *at = buffer_text(&http.sent);
    size_t count = 0;

    while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* Sends it on a connection of its own; answers the status. */
static unsigned try(const char *request)
{
    renew();
    http_fixture_feed(&http, bytes_of(request));
    return status();
}

/* --- every way in --------------------------------------------------------------------------- */

static const char pipelined[] =
    "POST /apps/1/events?a=1&b=2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Empty:\r\n\r\n"
    "hello"
    "GET /up HTTP/1.1\r\nhost:  y.example \r\n\r\n"
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nfirst\r\n7;ext=1\r\n second\r\n0\r\n\r\n"
    "\r\nGET /?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static const char pipelined_received[] =
    "POST /apps/1/events?a=1&b=2 1.1 {Host=x;Content-Length=5;X-Empty=;} hello\n"
    "GET /up? 1.1 {host=y.example;} \n"
    "POST /c? 1.1 {Host=x;Transfer-Encoding=chunked;} first second\n"
    "GET /?q 1.1 {Host=x;Connection=close;} \n";

static void requests_in_a_row_are_answered_in_order(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES(pipelined));
    assert_received(pipelined_received);
    assert_int_equal(answers_count(), 4);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
    assert_false(fixture_receive(http.peer, &http.sent));
}

static void requests_mean_the_same_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pipelined - 1; i++)
        http_fixture_feed(&http, (struct bytes){pipelined + i, 1});
    assert_received(pipelined_received);
    assert_int_equal(answers_count(), 4);
}

static void requests_mean_the_same_at_every_split(void **state)
{
    (void)state;
    for (size_t split = 1; split < sizeof pipelined - 1; split++) {
        renew();
        http_fixture_feed(&http, (struct bytes){pipelined, split});
        http_fixture_feed(&http, bytes_from(BYTES(pipelined), split));
        assert_received(pipelined_received);
        assert_int_equal(answers_count(), 4);
    }
}

static void requests_mean_the_same_in_three_pieces(void **state)
{
    (void)state;
    for (size_t first = 1; first < sizeof pipelined - 1; first += 7) {
        for (size_t second = first + 1; second < sizeof pipelined - 1; second += 5) {
            renew();
            http_fixture_feed(&http, (struct bytes){pipelined, first});
            http_fixture_feed(&http, (struct bytes){pipelined + first, second - first});
            http_fixture_feed(&http, bytes_from(BYTES(pipelined), second));
            assert_received(pipelined_received);
        }
    }
}

/* --- what is refused ------------------------------------------------------------------------ */

#define HEAD "POST / HTTP/1.1\r\nHost: x\r\n"

static void smuggled_requests_are_refused(void **state)
{
    static const char *const smuggling[] = {
        HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        HEAD "Content-Length: 5, 5\r\n\r\nhello",
        HEAD "Content-Length: +5\r\n\r\nhello",
        HEAD "Content-Length: -5\r\n\r\nhello",
        HEAD "Content-Length: 0x5\r\n\r\nhello",
        HEAD "Content-Length: 5 5\r\n\r\nhello",
        HEAD "Content-Length:\r\n\r\nhello",
        HEAD "Content-Length: 18446744073709551621\r\n\r\nhello",
        HEAD "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: identity\r\n\r\n",
        HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "X: a\r\n b\r\n\r\n", /* a folded line */
        HEAD "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXY0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    };
    size_t wrong_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof smuggling / sizeof smuggling[0]; i++) {
        const unsigned code = try(smuggling[i]);

        if ((code != 400 && code != 413) || http.received.len > 0)
            print_error("%s\n→ %u, received: %s\n", smuggling[i], code,
                        buffer_text(&http.received));
        wrong_count += (code != 400 && code != 413) || http.received.len > 0;
        wrong_count += fixture_receive(http.peer, &http.sent); /* nothing more is read */
        wrong_count += answers_count() != 1;
    }
    assert_int_equal(wrong_count, 0);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const wrong[] = {
        "x\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n",
        "GET / HTTQ/1.1\r\nHost: x\r\n\r\n",
        "get / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\x01\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", /* TLS to the plain port */
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    size_t wrong_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const unsigned code = try(wrong[i]);

        if (code != 400 && code != 505)
            print_error("%s\n→ %u\n", wrong[i], code);
        wrong_count += (code != 400 && code != 505) || http.received.len > 0;
        wrong_count += fixture_receive(http.peer, &http.sent);
    }
    assert_int_equal(wrong_count, 0);
}

static void a_request_without_exactly_one_host_is_refused(void **state)
{
    (void)state;
    assert_int_equal(try("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(try("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"), 400);
    assert_int_equal(try("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
    assert_int_equal(try("GET / HTTP/1.0\r\n\r\n"), 200);
}

static void trailers_do_not_become_headers(void **state)
{
    (void)state;
    assert_int_equal(try("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "1\r\na\r\n0\r\nHost: y\r\nX-Trailer: 1\r\n\r\n"),
                     200);
    assert_received("POST /? 1.1 {Host=x;Transfer-Encoding=chunked;} a\n");
}

static void append_large(struct buffer *out, size_t len)
{
    while (len-- > 0)
        buffer_append_char(out, 'x');
}

static void a_request_over_the_limit_is_refused_wherever_it_is_large(void **state)
{
    static const char *const starts[] = {
        "GET /",
        "GET / HTTP/1.1\r\nHost: x\r\nX: ",
        "GET / HTTP/1.1\r\nHost: x\r\nX",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct buffer request = {0};

        buffer_append_text(&request, starts[i]);
        append_large(&request, REQUEST_MAX + 100);
        if (try(buffer_text(&request)) != 413)
            print_error("%s… → %u\n", starts[i], status());
        assert_int_equal(status(), 413);
        renew();
        for (size_t at = 0; at + 10 <= request.len; at += 10)
            if (!http_fixture_feed(&http, (struct bytes){request.data + at, 10}))
                break;
        if (status() != 413)
            print_error("%s… in pieces → %s\n", starts[i], buffer_text(&http.sent));
        assert_int_equal(status(), 413);
        assert_int_equal(http.received.len, 0);
        buffer_deinit(&request);
    }
}

static void a_length_over_the_limit_is_refused_before_the_body_comes(void **state)
{
    (void)state;
    assert_int_equal(try("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"), 413);
    assert_int_equal(
        try("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2001\r\n\r\n"),
        413);
}

static void a_request_of_exactly_the_limit_fits(void **state)
{
    struct buffer request = {0};

    (void)state;
    buffer_append_text(&request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1900\r\nX: ");
    append_large(&request, REQUEST_MAX - 1900 - 4 - request.len);
    buffer_append_text(&request, "\r\n\r\n");
    append_large(&request, 1900);
    assert_int_equal(request.len, REQUEST_MAX);
    assert_int_equal(try(buffer_text(&request)), 200);
    buffer_deinit(&request);
}

static unsigned try_headers(size_t count)
{
    struct buffer request = {0};
    unsigned code;

    buffer_append_text(&request, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (size_t i = 1; i < count; i++)
        buffer_printf(&request, "X-%zu: %zu\r\n", i, i);
    buffer_append_text(&request, "\r\n");
    code = try(buffer_text(&request));
    buffer_deinit(&request);
    return code;
}

static void too_many_headers_are_refused(void **state)
{
    (void)state;
    assert_int_equal(try_headers(HTTP_REQUEST_HEADERS_COUNT_MAX), 200);
    assert_int_equal(try_headers(HTTP_REQUEST_HEADERS_COUNT_MAX + 1), 431);
}

/* --- its life ------------------------------------------------------------------------------- */

static void a_client_that_waits_for_100_is_told_to_go_on(void **state)
{
    const struct bytes head = BYTES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                                    "Expect: 100-continue\r\n\r\n");

    (void)state;
    http_fixture_feed(&http, head);
    assert_text(buffer_bytes(&http.sent), "HTTP/1.1 100 Continue\r\n\r\n");
    buffer_clear(&http.sent);
    http_fixture_feed(&http, BYTES("o"));
    assert_int_equal(http.sent.len, 0); /* once */
    http_fixture_feed(&http, BYTES("k"));
    assert_int_equal(status(), 200);
    assert_holds(buffer_bytes(&http.received), " ok\n");
}

static void a_client_that_does_not_wait_for_100_gets_only_its_answer(void **state)
{
    (void)state;
    assert_int_equal(try("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                         "Expect: 100-continue\r\n\r\nok"),
                     200);
    assert_int_equal(try("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"),
                     0);
}

static bool stays_open(const char *request)
{
    renew();
    assert_true(http_fixture_feed(&http, bytes_of(request)) || status() == 200);
    assert_int_equal(status(), 200);
    return fixture_receive(http.peer, &http.sent);
}

static void connections_stay_open_as_their_version_and_header_say(void **state)
{
    (void)state;
    assert_true(stays_open("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.1\r\nHost: x\r\nConnection: x, CLOSE\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.0\r\n\r\n"));
    assert_true(stays_open("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_holds(buffer_bytes(&http.sent), "Connection: keep-alive\r\n");
}

static void a_request_behind_one_that_closes_is_not_received(void **state)
{
    (void)state;
    try("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: "
        "x\r\n\r\n");
    assert_int_equal(answers_count(), 1);
    assert_received("GET /a? 1.1 {Host=x;Connection=close;} \n");
}

static void an_answer_to_head_says_how_long_its_body_would_be(void **state)
{
    (void)state;
    try("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
    http_dates_remove(&http.sent);
    assert_text(buffer_bytes(&http.sent),
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n");
}

static void a_target_with_its_authority_means_its_path(void **state)
{
    static const char *const targets[][2] = {
        {"http://x.example/a/b?c=d", "GET /a/b?c=d 1.1 {Host=x;} \n"},
        {"http://x.example/", "GET /? 1.1 {Host=x;} \n"},
        {"http://x.example", "GET /? 1.1 {Host=x;} \n"},
        {"http://x.example?c=d", "GET /?c=d 1.1 {Host=x;} \n"},
        {"/http://x/y?z", "GET /http://x/y?z 1.1 {Host=x;} \n"},
        {"/a?b=://c/d", "GET /a?b=://c/d 1.1 {Host=x;} \n"},
        {"/a??b?c", "GET /a??b?c 1.1 {Host=x;} \n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct buffer request = {0};

        buffer_printf(&request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i][0]);
        assert_int_equal(try(buffer_text(&request)), 200);
        assert_received(targets[i][1]);
        buffer_deinit(&request);
    }
}

static void a_client_that_is_too_slow_is_told_so(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\n"));
    fixture_pass(&fixture, 11000);
    fixture_receive(http.peer, &http.sent);
    assert_int_equal(status(), 408);
    assert_false(fixture_receive(http.peer, &http.sent));
}

static void a_client_that_says_nothing_is_let_go_without_a_word(void **state)
{
    (void)state;
    fixture_turn(&fixture);
    fixture_pass(&fixture, 11000);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(http.sent.len, 0);
}

static void a_client_between_requests_may_stay_longer(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    fixture_pass(&fixture, 60000);
    assert_true(fixture_receive(http.peer, &http.sent));
    fixture_pass(&fixture, 20000);
    assert_false(fixture_receive(http.peer, &http.sent));
}

static void a_client_that_goes_in_the_middle_leaves_nothing(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
    http_fixture_disconnect(&http);
    assert_true(list_is_empty(&http.settings.conns));
    assert_int_equal(http.received.len, 0);
}

static void finishing_all_lets_requests_that_have_begun_be_answered(void **state)
{
    int idle;
    const int fd = fixture_pair(&fixture, &idle);
    struct buffer idle_sent = {0};

    (void)state;
    assert_non_null(http_conn_open(&fixture.loop, fd, NULL, &http.settings));
    assert_int_equal(write(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 27);
    FIXTURE_UNTIL(&fixture, fixture_receive(idle, &idle_sent) && idle_sent.len > 0);
    http_fixture_feed(&http, BYTES("GET /last HTTP/1.1\r\nHost: x\r\n"));
    http_conn_finish_all(&http.settings, true);
    fixture_turn(&fixture);
    assert_false(fixture_receive(idle, &idle_sent));
    http_fixture_feed(&http, BYTES("\r\nGET /unread HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(status(), 200);
    assert_int_equal(answers_count(), 1);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
    assert_false(fixture_receive(http.peer, &http.sent));
    close(idle);
    buffer_deinit(&idle_sent);
}

static void finishing_all_lets_a_request_be_answered_that_was_not_read_yet(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(write(http.peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 27);
    http_conn_finish_all(&http.settings, true);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(answers_count(), 2);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
}

static void an_idle_connection_may_be_left_for_one_more_request(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    http_conn_finish_all(&http.settings, false);
    fixture_turn(&fixture);
    assert_true(fixture_receive(http.peer, &http.sent));
    http_fixture_feed(&http, BYTES("GET /last HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(answers_count(), 2);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
    assert_false(fixture_receive(http.peer, &http.sent));
}

/* It may have been accepted in the very moment in which the listening socket was closed. */
static void who_has_only_just_come_may_still_ask_once(void **state)
{
    (void)state;
    http_conn_finish_all(&http.settings, true);
    fixture_turn(&fixture);
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(status(), 200);
    assert_false(fixture_receive(http.peer, &http.sent));
}

static void who_has_had_its_last_answer_is_not_waited_for_where_time_is_short(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    fixture_turn(&fixture);
    assert_false(list_is_empty(&http.settings.conns)); /* its side is still open */
    http_conn_close_answered(&http.settings);
    FIXTURE_UNTIL(&fixture, list_is_empty(&http.settings.conns));
}

static void closing_all_cuts_them_off(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET /last HTTP/1.1\r\n"));
    http_conn_close_all(&http.settings);
    FIXTURE_UNTIL(&fixture, list_is_empty(&http.settings.conns));
}

static void who_has_just_come_does_not_give_way(void **state)
{
    (void)state;
    fixture_turn(&fixture);
    assert_false(http_conn_evict(&http.settings));
}

static void who_has_been_silent_gives_way(void **state)
{
    (void)state;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    FIXTURE_UNTIL(&fixture, http_conn_evict(&http.settings)); /* after a moment */
    FIXTURE_UNTIL(&fixture, list_is_empty(&http.settings.conns));
    assert_false(http_conn_evict(&http.settings));
}

static void on_finish_all(struct http_fixture *of)
{
    http_conn_finish_all(&of->settings, true);
}

static void an_end_that_begins_within_a_request_still_answers_it(void **state)
{
    (void)state;
    http.on_received = on_finish_all;
    http_fixture_feed(&http, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(status(), 200);
}

/* --- answers that come later ---------------------------------------------------------------- */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static size_t received_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < http.received.len; i++)
        count += http.received.data[i] == '\n';
    return count;
}

static void defer_first(struct http_fixture *of)
{
    (void)of;
    http.defers_responses = received_count() == 1;
}

static void defer_each(struct http_fixture *of)
{
    of->defers_responses = true;
}

static void requests_behind_a_deferred_response_wait_for_it(void **state)
{
    (void)state;
    http.on_received = defer_first;
    http_fixture_feed(&http, BYTES(GET("/first") GET("/second")));
    http_fixture_feed(&http, BYTES(GET("/third") "GET /fou"));
    assert_int_equal(received_count(), 1);
    assert_int_equal(http.sent.len, 0);
    http_fixture_answer(&http);
    assert_null(http.deferral.conn);
    assert_int_equal(received_count(), 3);
    assert_true(http_fixture_feed(&http, BYTES("rth HTTP/1.1\r\nHost: x\r\n\r\n")));
    assert_int_equal(answers_count(), 4);
    assert_true(strstr(buffer_text(&http.sent), "/first") <
                strstr(buffer_text(&http.sent), "/second"));
    assert_holds(buffer_bytes(&http.sent), "/fourth");
    assert_lacks_text(buffer_bytes(&http.sent), "Connection: close");
}

static void each_response_may_be_deferred(void **state)
{
    (void)state;
    http.on_received = defer_each;
    http_fixture_feed(&http, BYTES(pipelined));
    for (size_t i = 1; i <= 4; i++) {
        assert_int_equal(received_count(), i);
        http_fixture_answer(&http);
    }
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_received(pipelined_received);
    assert_int_equal(answers_count(), 4);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
}

static void behind_a_deferred_response_only_so_much_is_read(void **state)
{
    struct buffer many = {0};
    size_t count = 0;
    const size_t len_max = 1000000;
    size_t sent_len = 0;
    ssize_t len;

    (void)state;
    while (many.len < len_max) {
        buffer_append_text(&many, "POST /many HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
        append_large(&many, 1000);
        count++;
    }
    http.on_received = defer_first;
    http_fixture_feed(&http, BYTES(GET("/first")));
    /* The peer can send no more at some point, whatever turns the loop makes. */
    for (int idle_turns = 0; idle_turns < 3 && sent_len < many.len;) {
        len = send(http.peer, many.data + sent_len, many.len - sent_len, MSG_NOSIGNAL);
        idle_turns = len > 0 ? 0 : idle_turns + 1;
        sent_len += len > 0 ? (size_t)len : 0;
        fixture_turn(&fixture);
    }
    assert_true(sent_len < len_max);
    assert_int_equal(received_count(), 1);
    http_fixture_answer(&http);
    while (sent_len < many.len) {
        len = send(http.peer, many.data + sent_len, many.len - sent_len, MSG_NOSIGNAL);
        sent_len += len > 0 ? (size_t)len : 0;
        fixture_turn(&fixture);
        assert_true(fixture_receive(http.peer, &http.sent));
    }
    FIXTURE_UNTIL(&fixture, fixture_receive(http.peer, &http.sent) &&
                                answers_count() == received_count() &&
                                received_count() == 1 + count);
    buffer_deinit(&many);
}

static void a_deferral_of_a_response_ends_if_the_client_has_gone(void **state)
{
    (void)state;
    http.on_received = defer_each;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/behind")));
    assert_non_null(http.deferral.conn);
    http_fixture_disconnect(&http);
    assert_null(http.deferral.conn);
    assert_int_equal(received_count(), 1);
}

static void a_client_that_ends_its_side_still_gets_a_deferred_response(void **state)
{
    (void)state;
    http.on_received = defer_first;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/behind")));
    shutdown(http.peer, SHUT_WR);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    http_fixture_answer(&http);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(answers_count(), 2);
}

static void a_deferred_response_is_neither_too_slow_nor_silent(void **state)
{
    (void)state;
    http.on_received = defer_first;
    http_fixture_feed(&http, BYTES(GET("/deferred") "GET /be"));
    fixture_pass(&fixture, 100000);
    assert_int_equal(http.sent.len, 0);
    assert_non_null(http.deferral.conn);
    http_fixture_answer(&http);
    assert_true(http_fixture_feed(&http, BYTES("hind HTTP/1.1\r\nHost: x\r\n\r\n")));
    assert_int_equal(answers_count(), 2);
}

static void a_deferred_response_does_not_give_way_but_one_behind_it_in_line(void **state)
{
    const int held = http.peer;

    (void)state;
    http.on_received = defer_each;
    http_fixture_feed(&http, BYTES(GET("/deferred")));
    http_fixture_connect(&http); /* another, which says nothing */
    FIXTURE_UNTIL(&fixture, http_conn_evict(&http.settings));
    FIXTURE_UNTIL(&fixture, fixture.loop.connections_count == 1);
    assert_non_null(http.deferral.conn);
    assert_false(http_conn_evict(&http.settings));
    close(http.peer);
    http.peer = held;
    http_fixture_answer(&http);
    fixture_turn(&fixture);
    assert_true(fixture_receive(http.peer, &http.sent));
    assert_int_equal(status(), 200);
}

static void finishing_all_waits_for_a_deferred_response(void **state)
{
    (void)state;
    http.on_received = defer_first;
    http_fixture_feed(&http, BYTES(GET("/deferred")));
    http_conn_finish_all(&http.settings, true);
    assert_true(http_fixture_feed(&http, BYTES(GET("/unread"))));
    http_fixture_answer(&http);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(status(), 200);
    assert_int_equal(answers_count(), 1);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
    assert_int_equal(received_count(), 1);
}

static void closing_all_ends_a_deferral(void **state)
{
    (void)state;
    http.on_received = defer_each;
    http_fixture_feed(&http, BYTES(GET("/deferred")));
    http_conn_close_all(&http.settings);
    http_fixture_answer(&http); /* in vain, before it knows */
    FIXTURE_UNTIL(&fixture, list_is_empty(&http.settings.conns));
    assert_null(http.deferral.conn);
}

/* --- handling later ------------------------------------------------------------------------- */

static void a_deferred_request_is_handled_once_and_with_all_its_parts(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(pipelined));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(received_count(), i);
        fixture_turn(&fixture);
        assert_non_null(http.deferral.conn);
        http_fixture_resume(&http);
    }
    assert_null(http.deferral.conn);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_received(pipelined_received);
    assert_int_equal(answers_count(), 4);
}

static void a_deferred_request_stays_as_it_came_whatever_comes_behind_it(void **state)
{
    (void)state;
    for (size_t split = 1; split < sizeof pipelined - 1; split++) {
        renew();
        http.defers_requests = true;
        http_fixture_feed(&http, (struct bytes){pipelined, split});
        http_fixture_feed(&http, bytes_from(BYTES(pipelined), split));
        while (http.deferral.conn != NULL)
            http_fixture_resume(&http);
        fixture_turn(&fixture);
        fixture_receive(http.peer, &http.sent);
        assert_received(pipelined_received);
        assert_int_equal(answers_count(), 4);
    }
}

static void a_deferred_body_can_be_read(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http,
                      BYTES("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nplain"));
    assert_text(http_conn_deferred_body(http.deferral.conn), "plain");
    http_fixture_feed(&http,
                      BYTES("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n"));
    assert_text(http_conn_deferred_body(http.deferral.conn), "plain");
    http_fixture_resume(&http);
    assert_text(http_conn_deferred_body(http.deferral.conn), "in chunks");
    http_fixture_resume(&http);
    assert_int_equal(received_count(), 2);
}

static void the_answer_to_a_deferred_request_leaves_at_once(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred")));
    assert_int_equal(http.sent.len, 0);
    http_fixture_resume(&http);
    fixture_receive(http.peer, &http.sent);
    assert_int_equal(status(), 200);
}

static void the_response_to_a_deferred_request_may_be_deferred(void **state)
{
    (void)state;
    http.defers_requests = true;
    http.on_received = defer_each;
    http_fixture_feed(&http, BYTES(GET("/first") GET("/second")));
    for (size_t i = 1; i <= 2; i++) {
        http_fixture_resume(&http);
        assert_int_equal(received_count(), i);
        assert_non_null(http.deferral.conn);
        http_fixture_answer(&http);
    }
    fixture_turn(&fixture);
    fixture_receive(http.peer, &http.sent);
    assert_int_equal(answers_count(), 2);
}

static void a_deferral_of_a_request_ends_if_the_client_has_gone(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/behind")));
    http_fixture_disconnect(&http);
    assert_null(http.deferral.conn);
    assert_int_equal(received_count(), 0);
}

static void a_client_that_ends_its_side_still_gets_the_answer_to_a_deferred_request(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/behind")));
    shutdown(http.peer, SHUT_WR);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    http_fixture_resume(&http);
    http_fixture_resume(&http);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(answers_count(), 2);
}

static void a_request_deferred_while_all_end_is_handled_and_is_the_last(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/unread")));
    http_conn_finish_all(&http.settings, true);
    http_fixture_resume(&http);
    FIXTURE_UNTIL(&fixture, !fixture_receive(http.peer, &http.sent));
    assert_int_equal(answers_count(), 1);
    assert_int_equal(received_count(), 1);
    assert_holds(buffer_bytes(&http.sent), "Connection: close\r\n");
}

static void a_deferred_request_is_not_handled_once_its_connection_is_closed(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred")));
    http_conn_close_all(&http.settings);
    http_fixture_resume(&http); /* before it knows */
    assert_null(http.deferral.conn);
    FIXTURE_UNTIL(&fixture, list_is_empty(&http.settings.conns));
    assert_int_equal(received_count(), 0);
}

static void a_deferred_request_is_neither_too_slow_nor_gives_way(void **state)
{
    (void)state;
    http.defers_requests = true;
    http_fixture_feed(&http, BYTES(GET("/deferred") "GET /be"));
    fixture_pass(&fixture, 100000);
    assert_non_null(http.deferral.conn);
    assert_false(http_conn_evict(&http.settings));
    http_fixture_resume(&http);
    http.defers_requests = false;
    assert_true(http_fixture_feed(&http, BYTES("hind HTTP/1.1\r\nHost: x\r\n\r\n")));
    assert_int_equal(answers_count(), 2);
}

/* --- the taking over ------------------------------------------------------------------------ */

static struct buffer taken_data;
static bool taken_is_closed;

static void on_taken_data(struct net_conn *conn, char *data, size_t len)
{
    (void)conn;
    buffer_append(&taken_data, data, len);
}

static void on_taken_end(struct net_conn *conn)
{
    net_conn_close(conn);
}

static void on_taken_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)conn;
    (void)now_ms;
}

static void on_taken_closed(struct net_conn *conn)
{
    (void)conn;
    taken_is_closed = true;
}

static const struct net_conn_events taken_events = {
    .on_data = on_taken_data,
    .on_end = on_taken_end,
    .on_timer = on_taken_timer,
    .on_closed = on_taken_closed,
};

static void on_take(struct http_fixture *of)
{
    of->takes_over = true;
}

static void defer_first_then_take(struct http_fixture *of)
{
    of->defers_responses = received_count() == 1;
    of->takes_over = !of->defers_responses;
}

static void check_taken(void)
{
    assert_true(list_is_empty(&http.settings.conns));
    assert_non_null(http.taken);
    net_conn_hand_over(http.taken, &taken_events, NULL);
    http_fixture_feed(&http, BYTES("GET /not-http-any-more"));
    assert_text(buffer_bytes(&taken_data), "GET /not-http-any-more");
    taken_is_closed = false;
    http_fixture_disconnect(&http);
    assert_true(taken_is_closed);
    buffer_deinit(&taken_data);
}

static void another_protocol_takes_over_with_what_came_behind(void **state)
{
    (void)state;
    http.on_received = on_take;
    http_fixture_feed(&http, BYTES("GET /app/key HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                   "Upgrade: websocket\r\n\r\n\x81\x80masked"));
    assert_bytes_equal(buffer_bytes(&http.rest), BYTES("\x81\x80masked"));
    check_taken();
}

static void another_protocol_takes_over_a_request_in_pieces(void **state)
{
    const struct bytes request = BYTES("GET /app/key HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                       "Upgrade: websocket\r\n\r\n");

    (void)state;
    http.on_received = on_take;
    for (size_t i = 0; i < request.len; i++)
        http_fixture_feed(&http, (struct bytes){request.data + i, 1});
    assert_int_equal(http.rest.len, 0);
    check_taken();
}

static void one_whose_client_has_ended_is_not_taken_over_after_a_deferred_response(void **state)
{
    (void)state;
    http.on_received = defer_first_then_take;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/app/key")));
    shutdown(http.peer, SHUT_WR);
    fixture_turn(&fixture);
    fixture_turn(&fixture);
    http_fixture_answer(&http);
    assert_non_null(http.taken);
    net_conn_hand_over(http.taken, &taken_events, NULL);
    taken_is_closed = false;
    FIXTURE_UNTIL(&fixture, taken_is_closed);
    buffer_deinit(&taken_data);
}

static void another_protocol_takes_over_behind_a_deferred_response(void **state)
{
    (void)state;
    http.on_received = defer_first_then_take;
    http_fixture_feed(&http, BYTES(GET("/deferred") GET("/app/key") "behind"));
    assert_int_equal(http.rest.len, 0);
    http_fixture_answer(&http);
    assert_text(buffer_bytes(&http.rest), "behind");
    check_taken();
    assert_holds(buffer_bytes(&http.sent), "/deferred");
}

static void a_new_owner_reads_on_though_much_had_come_behind_a_deferred_response(void **state)
{
    struct buffer much = {0};

    (void)state;
    http.on_received = defer_first_then_take;
    buffer_append_text(&much, GET("/deferred") GET("/app/key"));
    while (much.len < 2 * REQUEST_MAX)
        buffer_append_char(&much, 'm');
    http_fixture_feed(&http, buffer_bytes(&much));
    http_fixture_answer(&http);
    check_taken();
    buffer_deinit(&much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(requests_in_a_row_are_answered_in_order),
        HTTP_TEST(requests_mean_the_same_byte_by_byte),
        HTTP_TEST(requests_mean_the_same_at_every_split),
        HTTP_TEST(requests_mean_the_same_in_three_pieces),
        HTTP_TEST(smuggled_requests_are_refused),
        HTTP_TEST(what_is_no_request_is_refused),
        HTTP_TEST(a_request_without_exactly_one_host_is_refused),
        HTTP_TEST(trailers_do_not_become_headers),
        HTTP_TEST(a_request_over_the_limit_is_refused_wherever_it_is_large),
        HTTP_TEST(a_length_over_the_limit_is_refused_before_the_body_comes),
        HTTP_TEST(a_request_of_exactly_the_limit_fits),
        HTTP_TEST(too_many_headers_are_refused),
        HTTP_TEST(a_client_that_waits_for_100_is_told_to_go_on),
        HTTP_TEST(a_client_that_does_not_wait_for_100_gets_only_its_answer),
        HTTP_TEST(connections_stay_open_as_their_version_and_header_say),
        HTTP_TEST(a_request_behind_one_that_closes_is_not_received),
        HTTP_TEST(an_answer_to_head_says_how_long_its_body_would_be),
        HTTP_TEST(a_target_with_its_authority_means_its_path),
        HTTP_TEST(a_client_that_is_too_slow_is_told_so),
        HTTP_TEST(a_client_that_says_nothing_is_let_go_without_a_word),
        HTTP_TEST(a_client_between_requests_may_stay_longer),
        HTTP_TEST(a_client_that_goes_in_the_middle_leaves_nothing),
        HTTP_TEST(finishing_all_lets_requests_that_have_begun_be_answered),
        HTTP_TEST(finishing_all_lets_a_request_be_answered_that_was_not_read_yet),
        HTTP_TEST(an_idle_connection_may_be_left_for_one_more_request),
        HTTP_TEST(who_has_only_just_come_may_still_ask_once),
        HTTP_TEST(who_has_had_its_last_answer_is_not_waited_for_where_time_is_short),
        HTTP_TEST(closing_all_cuts_them_off),
        HTTP_TEST(who_has_just_come_does_not_give_way),
        HTTP_TEST(who_has_been_silent_gives_way),
        HTTP_TEST(an_end_that_begins_within_a_request_still_answers_it),
        HTTP_TEST(requests_behind_a_deferred_response_wait_for_it),
        HTTP_TEST(each_response_may_be_deferred),
        HTTP_TEST(behind_a_deferred_response_only_so_much_is_read),
        HTTP_TEST(a_deferral_of_a_response_ends_if_the_client_has_gone),
        HTTP_TEST(a_client_that_ends_its_side_still_gets_a_deferred_response),
        HTTP_TEST(a_deferred_response_is_neither_too_slow_nor_silent),
        HTTP_TEST(a_deferred_response_does_not_give_way_but_one_behind_it_in_line),
        HTTP_TEST(finishing_all_waits_for_a_deferred_response),
        HTTP_TEST(closing_all_ends_a_deferral),
        HTTP_TEST(a_deferred_request_is_handled_once_and_with_all_its_parts),
        HTTP_TEST(a_deferred_request_stays_as_it_came_whatever_comes_behind_it),
        HTTP_TEST(a_deferred_body_can_be_read),
        HTTP_TEST(the_answer_to_a_deferred_request_leaves_at_once),
        HTTP_TEST(the_response_to_a_deferred_request_may_be_deferred),
        HTTP_TEST(a_deferral_of_a_request_ends_if_the_client_has_gone),
        HTTP_TEST(a_client_that_ends_its_side_still_gets_the_answer_to_a_deferred_request),
        HTTP_TEST(a_request_deferred_while_all_end_is_handled_and_is_the_last),
        HTTP_TEST(a_deferred_request_is_not_handled_once_its_connection_is_closed),
        HTTP_TEST(a_deferred_request_is_neither_too_slow_nor_gives_way),
        HTTP_TEST(one_whose_client_has_ended_is_not_taken_over_after_a_deferred_response),
        HTTP_TEST(another_protocol_takes_over_behind_a_deferred_response),
        HTTP_TEST(a_new_owner_reads_on_though_much_had_come_behind_a_deferred_response),
        HTTP_TEST(another_protocol_takes_over_with_what_came_behind),
        HTTP_TEST(another_protocol_takes_over_a_request_in_pieces),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
