#include "ws/conn.h"

#include "net/backlog.h"
#include "support/ws_fixture.h"

#define MESSAGE_MAX 1000

static struct fixture loop_rig;
static struct ws_fixture ws;
static struct buffer in; /* what the peer is going to send */

static int open_plain(void **state)
{
    (void)state;
    fixture_open(&loop_rig, 100000);
    ws_fixture_open(&ws, &loop_rig, NULL, WS_DEFLATE_PLAIN, MESSAGE_MAX);
    return 0;
}

static int open_compressed(void **state)
{
    (void)state;
    fixture_open(&loop_rig, 100000);
    ws_fixture_open(&ws, &loop_rig, ws_deflate_new(), WS_DEFLATE_FULL, MESSAGE_MAX);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ws_fixture_close(&ws);
    ws_fixture_deinit(&ws);
    fixture_close(&loop_rig);
    ws_deflate_free(ws.settings.deflate);
    buffer_deinit(&in);
    return 0;
}

#define PLAIN_TEST(name) cmocka_unit_test_setup_teardown(name, open_plain, close_all)
#define COMPRESSED_TEST(name) cmocka_unit_test_setup_teardown(name, open_compressed, close_all)

static void add(uint8_t first, const char *payload)
{
    ws_peer_write(&in, first, bytes_of(payload));
}

static void feed(void)
{
    ws_fixture_feed(&ws, buffer_bytes(&in));
    buffer_clear(&in);
}

/* The next connection, as fresh as the first one. */
static void renew(void)
{
    struct ws_deflate *deflate = ws.settings.deflate;
    const enum ws_deflate_form form = ws.ws.form;

    ws_fixture_close(&ws);
    ws_fixture_deinit(&ws);
    ws_fixture_open(&ws, &loop_rig, deflate, form, MESSAGE_MAX);
}

static void assert_received(const char *should)
{
    assert_bytes_equal(buffer_bytes(&ws.received), bytes_of(should));
}

static void assert_sent(const char *should)
{
    struct buffer described = {0};

    fixture_receive(ws.peer, &ws.sent);
    ws_peer_describe(&described, buffer_bytes(&ws.sent));
    assert_bytes_equal(buffer_bytes(&described), bytes_of(should));
    buffer_deinit(&described);
}

/* A bit of everything, and what comes of it. */
static void add_everything(void)
{
    add(0x81, "one");
    add(0x81, "");
    add(0x01, "h\xc3");
    add(0x89, "are you there");
    add(0x00, "");
    add(0x00, "\xa4l");
    add(0x8a, "unasked");
    add(0x80, "f");
    add(0x82, "bin\xff");
    add(0x88, "\x03\xe8"
              "bye");
}

static const char everything_received[] =
    "text:one;text:;ping;pong;text:h\xc3\xa4lf;binary:bin\xff;close;ending:1000;closed;";
static const char everything_sent[] = "pong:are you there;close:1000:;";

static void messages_and_control_frames_come_through_whole(void **state)
{
    (void)state;
    add_everything();
    feed();
    assert_received(everything_received);
    assert_sent(everything_sent);
}

static void a_stream_means_the_same_byte_by_byte(void **state)
{
    (void)state;
    add_everything();
    for (size_t i = 0; i < in.len; i++)
        ws_fixture_feed(&ws, (struct bytes){in.data + i, 1});
    assert_received(everything_received);
    assert_sent(everything_sent);
}

static void a_stream_means_the_same_at_every_split(void **state)
{
    (void)state;
    add_everything();
    for (size_t split = 1; split < in.len; split++) {
        ws_fixture_feed(&ws, (struct bytes){in.data, split});
        ws_fixture_feed(&ws, bytes_from(buffer_bytes(&in), split));
        assert_received(everything_received);
        assert_sent(everything_sent);
        renew();
    }
}

static void between_messages_no_buffer_is_owned(void **state)
{
    (void)state;
    add(0x81, "whole");
    add(0x01, "in ");
    add(0x80, "pieces");
    for (size_t i = 0; i < in.len; i++)
        ws_fixture_feed(&ws, (struct bytes){in.data + i, 1});
    assert_received("text:whole;text:in pieces;");
    assert_null(ws.ws.partial);
}

static void a_message_of_the_largest_size_fits_and_a_larger_one_is_too_big(void **state)
{
    char *text = calloc(1, MESSAGE_MAX + 2);

    (void)state;
    memset(text, 'x', MESSAGE_MAX);
    add(0x81, text);
    feed();
    assert_int_equal(ws.received.len, sizeof "text:;" - 1 + MESSAGE_MAX);
    text[MESSAGE_MAX] = 'x';
    buffer_clear(&ws.received);
    add(0x81, text);
    ws_fixture_feed(&ws, (struct bytes){in.data, 8}); /* its header is enough */
    assert_received("ending:1009;");
    assert_sent("close:1009:Message too big;");
    free(text);
}

static void fragments_that_are_too_much_together_are_too_big(void **state)
{
    char text[301] = {0};

    (void)state;
    memset(text, 'x', 300);
    add(0x01, text);
    add(0x00, text);
    add(0x00, text);
    feed();
    assert_received("");
    add(0x80, text);
    feed();
    assert_received("ending:1009;");
}

struct wrong {
    struct bytes bytes; /* not masked by us: as it stands on the wire */
    uint16_t code;
};

static void what_breaks_the_protocol_ends_the_connection_with_its_code(void **state)
{
    static const struct wrong wrongs[] = {
        {{"\x81\x01x", 3}, 1002},                 /* not masked */
        {{"\x80\x80....", 6}, 1002},              /* continues nothing */
        {{"\x00\x80....", 6}, 1002},              /* the same, not final */
        {{"\x83\x80....", 6}, 1002},              /* an opcode that is none */
        {{"\x8b\x80....", 6}, 1002},              /* the same among control frames */
        {{"\xc1\x80....", 6}, 1002},              /* compressed, which nobody agreed on */
        {{"\xa1\x80....", 6}, 1002},              /* RSV2 */
        {{"\x91\x80....", 6}, 1002},              /* RSV3 */
        {{"\x09\x80....", 6}, 1002},              /* a ping in fragments */
        {{"\x89\xfe\x00\x7e....", 8}, 1002},      /* a ping of 126 */
        {{"\x88\x81\0\0\0\0\x03", 7}, 1002},      /* half a close code */
        {{"\x81\xfe\x00\x05....", 8}, 1002},      /* a length longer than needed */
        {{"\x01\x80....\x81\x80....", 12}, 1002}, /* a message within a message */
        {{"\x01\x80....\x02\x80....", 12}, 1002},
        {{"\x81\x81\0\0\0\0\xff", 7}, 1007},                   /* no UTF-8 */
        {{"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0x", 14}, 1007}, /* nor across fragments */
        {{"\x81\x81\0\0\0\0\xc3", 7}, 1007},                   /* half a character */
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct buffer should = {0};

        ws_fixture_feed(&ws, wrongs[i].bytes);
        ws_fixture_feed(&ws, BYTES("\x81\x81\0\0\0\0x")); /* not looked at any more */
        buffer_printf(&should, "ending:%u;", wrongs[i].code);
        assert_bytes_equal(buffer_bytes(&ws.received), buffer_bytes(&should));
        buffer_clear(&should);
        buffer_printf(&should, "close:%u:%s;", wrongs[i].code,
                      wrongs[i].code == 1002 ? "Protocol error" : "Invalid data");
        assert_sent(buffer_text(&should));
        buffer_deinit(&should);
        renew();
    }
}

static bool is_valid_code(unsigned code)
{
    return (code >= 3000 && code <= 4999) || (code >= 1000 && code <= 1003) ||
           (code >= 1007 && code <= 1014);
}

static void a_close_frame_is_answered_with_its_code_or_refused(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 5200; code += code < 1020 ? 1 : 97) {
        const char payload[] = {(char)(code >> 8), (char)code, 'x'};
        struct buffer should = {0};

        ws_peer_write(&in, 0x88, (struct bytes){payload, 2 + code % 2});
        feed();
        if (is_valid_code(code))
            buffer_printf(&should, "close:%u:;", code);
        else
            buffer_append_text(&should, "close:1002:Protocol error;");
        assert_sent(buffer_text(&should));
        buffer_deinit(&should);
        renew();
    }
}

static void a_close_frame_without_a_code_is_answered_without_one(void **state)
{
    (void)state;
    add(0x88, "");
    feed();
    assert_received("close;ending:1005;closed;");
    assert_sent("close:;");
}

static void a_reason_that_is_no_text_is_invalid_data(void **state)
{
    (void)state;
    add(0x88, "\x03\xe8\xc3(");
    feed();
    assert_received("ending:1007;");
    assert_sent("close:1007:Invalid data;");
}

static void text_is_checked_across_fragments_not_within_each(void **state)
{
    static const char text[] = "\xf0\x9f\x98\x80\xe2\x82\xac";
    const size_t len = sizeof text - 1;

    (void)state;
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            ws_peer_write(&in, 0x01, (struct bytes){text, first});
            ws_peer_write(&in, 0x00, (struct bytes){text + first, second - first});
            ws_peer_write(&in, 0x80, (struct bytes){text + second, len - second});
        }
    }
    feed();
    assert_int_equal(ws.received.len, (len + 1) * (len + 2) / 2 * (sizeof "text:;" - 1 + len));
    assert_lacks_text(buffer_bytes(&ws.received), "ending");
}

static void the_peer_that_just_goes_is_closed_without_ending(void **state)
{
    (void)state;
    add(0x01, "half a mess");
    ws_fixture_feed(&ws, buffer_bytes(&in));
    ws_fixture_close(&ws);
    assert_received("closed;");
}

static void after_our_close_frame_messages_are_not_received_but_the_answer_is_awaited(void **state)
{
    (void)state;
    ws.ends_at_message = true;
    add(0x81, "first");
    add(0x81, "second");
    feed();
    assert_false(ws_conn_is_open(&ws.ws));
    add(0x81, "third");
    add(0x89, "ping");
    feed();
    assert_received("text:first;");
    assert_sent("close:4200:enough;");
    assert_false(ws.is_closed);
    add(0x88, "\x10\x68");
    feed();
    assert_sent("close:4200:enough;");
    assert_false(fixture_receive(ws.peer, &ws.sent)); /* our side has ended */
    ws_fixture_close(&ws);
    assert_received("text:first;closed;");
}

static void nothing_is_sent_behind_a_close_frame(void **state)
{
    struct net_chunk *frames = net_chunk_new(8);

    (void)state;
    ws_conn_close(&ws.ws, 4100, BYTES("first"));
    ws_conn_close(&ws.ws, 4200, BYTES("second"));
    net_chunk_append(frames, "\x81\x00", 2);
    assert_true(ws_conn_send_text(&ws.ws, BYTES("late")));
    assert_true(ws_conn_send_ping(&ws.ws));
    assert_true(ws_conn_send_frames(&ws.ws, frames));
    assert_true(ws_conn_queue_frames(&ws.ws, frames, 0));
    net_chunk_unref(frames);
    fixture_turn(&loop_rig);
    assert_sent("close:4100:first;");
}

static void a_peer_that_never_answers_our_close_frame_is_let_go_in_bounded_time(void **state)
{
    (void)state;
    ws_conn_close(&ws.ws, 4200, BYTES("go"));
    fixture_turn(&loop_rig);
    fixture_pass(&loop_rig, 6000);
    fixture_pass(&loop_rig, 6000);
    assert_true(ws.is_closed);
    assert_sent("close:4200:go;");
}

static void its_owner_may_cut_the_connection_within_a_message(void **state)
{
    (void)state;
    ws.cuts_at_message = true;
    add(0x81, "first");
    add(0x81, "second");
    ws_fixture_feed(&ws, buffer_bytes(&in));
    FIXTURE_UNTIL(&loop_rig, ws.is_closed);
    assert_received("text:first;closed;");
}

static void its_owner_may_cut_the_connection_within_a_message_in_pieces(void **state)
{
    (void)state;
    ws.cuts_at_message = true;
    add(0x01, "fi");
    add(0x80, "rst");
    add(0x81, "second");
    for (size_t i = 0; i < in.len; i++)
        ws_fixture_feed(&ws, (struct bytes){in.data + i, 1});
    FIXTURE_UNTIL(&loop_rig, ws.is_closed);
    assert_received("text:first;closed;");
}

static void a_peer_that_pings_and_never_reads_is_cut_off(void **state)
{
    char payload[125];

    (void)state;
    memset(payload, 'p', sizeof payload);
    for (int i = 0; i < 400; i++)
        ws_peer_write(&in, 0x89, (struct bytes){payload, sizeof payload});
    for (int i = 0; i < 1000 && !ws.is_closed; i++) {
        if (send(ws.peer, in.data, in.len, MSG_NOSIGNAL) < 0)
            assert_true(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
        fixture_turn(&loop_rig);
        assert_true(ws.is_closed ||
                    net_conn_backlog_bytes(ws.ws.net) <= 100000 * (2 + NET_BACKLOG_MORE));
    }
    assert_true(ws.is_closed);
    assert_lacks_text(buffer_bytes(&ws.received), "ending");
}

static void the_timer_calls_its_owner_while_open(void **state)
{
    (void)state;
    ws_conn_set_timer(&ws.ws, net_loop_now_ms(ws_conn_loop(&ws.ws)) + 1000);
    fixture_turn(&loop_rig);
    assert_received("");
    fixture_pass(&loop_rig, 2000);
    assert_received("timer;");
    fixture_pass(&loop_rig, 200000);
    assert_received("timer;");
}

static void texts_and_pings_go_out_as_frames(void **state)
{
    (void)state;
    assert_true(ws_conn_send_text(&ws.ws, BYTES("hello")));
    assert_true(ws_conn_send_ping(&ws.ws));
    assert_true(ws_conn_send_text(&ws.ws, BYTES("")));
    fixture_turn(&loop_rig);
    assert_sent("text:hello;ping:;text:;");
}

static void the_longest_reason_still_fits_its_frame(void **state)
{
    char reason[300];

    (void)state;
    memset(reason, 'r', sizeof reason);
    ws_conn_close(&ws.ws, 4000, (struct bytes){reason, sizeof reason});
    fixture_turn(&loop_rig);
    fixture_receive(ws.peer, &ws.sent);
    assert_int_equal(ws.sent.len, 2 + 125);
}

/* --- with compression ----------------------------------------------------------------------- */

static void compressed_messages_are_read_whole_and_in_fragments(void **state)
{
    (void)state;
    ws_peer_write(&in, 0xc1, BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"));
    ws_peer_write(&in, 0x41, BYTES("\xf2\x48\xcd"));
    ws_peer_write(&in, 0x89, BYTES("?"));
    ws_peer_write(&in, 0x80, BYTES("\xc9\xc9\x07\x00"));
    add(0x81, "plain");
    ws_peer_write(&in, 0xc2, BYTES("\x00"));
    for (size_t i = 0; i < in.len; i++)
        ws_fixture_feed(&ws, (struct bytes){in.data + i, 1});
    assert_received("text:Hello;ping;text:Hello;text:plain;binary:;");
}

static void a_continuation_that_says_compressed_breaks_the_protocol(void **state)
{
    (void)state;
    ws_peer_write(&in, 0x41, BYTES("\xf2\x48"));
    ws_peer_write(&in, 0xc0, BYTES("\xcd\xc9\xc9\x07\x00"));
    feed();
    assert_received("ending:1002;");
}

static void a_compressed_control_frame_breaks_the_protocol(void **state)
{
    (void)state;
    add(0xc9, "");
    feed();
    assert_received("ending:1002;");
}

static void damaged_compression_is_invalid_data(void **state)
{
    (void)state;
    add(0xc1, "\xff\xff\xff\xff");
    feed();
    assert_received("ending:1007;");
}

static void compressed_text_that_is_no_utf8_is_invalid_data(void **state)
{
    struct buffer payload = {0};

    (void)state;
    ws_deflate_compress(ws.settings.deflate, WS_DEFLATE_FULL, BYTES("\xc3("), &payload);
    ws_peer_write(&in, 0xc1, buffer_bytes(&payload));
    feed();
    assert_received("ending:1007;");
    buffer_deinit(&payload);
}

static void a_bomb_is_too_big(void **state)
{
    char *zeroes = calloc(1, MESSAGE_MAX + 1);
    struct buffer payload = {0};

    (void)state;
    ws_deflate_compress(ws.settings.deflate, WS_DEFLATE_FULL,
                        (struct bytes){zeroes, MESSAGE_MAX + 1}, &payload);
    ws_peer_write(&in, 0xc1, buffer_bytes(&payload));
    feed();
    assert_received("ending:1009;");
    buffer_deinit(&payload);
    free(zeroes);
}

static void long_texts_go_out_compressed_and_short_ones_plain(void **state)
{
    char text[200];
    struct ws_peer_frame frame = {0};
    struct buffer out = {0};
    struct bytes rest;

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(ws_conn_send_text(&ws.ws, (struct bytes){text, WS_DEFLATE_LEN_MIN - 1}));
    assert_true(ws_conn_send_text(&ws.ws, (struct bytes){text, sizeof text}));
    fixture_turn(&loop_rig);
    fixture_receive(ws.peer, &ws.sent);
    rest = buffer_bytes(&ws.sent);
    assert_true(ws_peer_read(&rest, &frame));
    assert_int_equal(frame.first, 0x81);
    assert_int_equal(frame.payload.len, WS_DEFLATE_LEN_MIN - 1);
    assert_true(ws_peer_read(&rest, &frame));
    assert_int_equal(frame.first, 0xc1);
    assert_int_equal(ws_deflate_decompress(ws.settings.deflate, frame.payload, 1000, &out), 0);
    assert_bytes_equal(buffer_bytes(&out), (struct bytes){text, sizeof text});
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN_TEST(messages_and_control_frames_come_through_whole),
        PLAIN_TEST(a_stream_means_the_same_byte_by_byte),
        PLAIN_TEST(a_stream_means_the_same_at_every_split),
        PLAIN_TEST(between_messages_no_buffer_is_owned),
        PLAIN_TEST(a_message_of_the_largest_size_fits_and_a_larger_one_is_too_big),
        PLAIN_TEST(fragments_that_are_too_much_together_are_too_big),
        PLAIN_TEST(what_breaks_the_protocol_ends_the_connection_with_its_code),
        PLAIN_TEST(a_close_frame_is_answered_with_its_code_or_refused),
        PLAIN_TEST(a_close_frame_without_a_code_is_answered_without_one),
        PLAIN_TEST(a_reason_that_is_no_text_is_invalid_data),
        PLAIN_TEST(text_is_checked_across_fragments_not_within_each),
        PLAIN_TEST(the_peer_that_just_goes_is_closed_without_ending),
        PLAIN_TEST(after_our_close_frame_messages_are_not_received_but_the_answer_is_awaited),
        PLAIN_TEST(nothing_is_sent_behind_a_close_frame),
        PLAIN_TEST(a_peer_that_never_answers_our_close_frame_is_let_go_in_bounded_time),
        PLAIN_TEST(its_owner_may_cut_the_connection_within_a_message),
        PLAIN_TEST(its_owner_may_cut_the_connection_within_a_message_in_pieces),
        PLAIN_TEST(a_peer_that_pings_and_never_reads_is_cut_off),
        PLAIN_TEST(the_timer_calls_its_owner_while_open),
        PLAIN_TEST(texts_and_pings_go_out_as_frames),
        PLAIN_TEST(the_longest_reason_still_fits_its_frame),
        COMPRESSED_TEST(compressed_messages_are_read_whole_and_in_fragments),
        COMPRESSED_TEST(a_continuation_that_says_compressed_breaks_the_protocol),
        COMPRESSED_TEST(a_compressed_control_frame_breaks_the_protocol),
        COMPRESSED_TEST(damaged_compression_is_invalid_data),
        COMPRESSED_TEST(compressed_text_that_is_no_utf8_is_invalid_data),
        COMPRESSED_TEST(a_bomb_is_too_big),
        COMPRESSED_TEST(long_texts_go_out_compressed_and_short_ones_plain),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
