#include "ws/deflate.h"

#include "support/unit.h"
#include "ws/close.h"

#include <zlib.h>

/* --- the negotiation ------------------------------------------------------------------------ */

struct offer {
    const char *text;
    const char *answer; /* what follows the two parameters we always send; NULL: none */
    enum ws_deflate_form form;
};

static const struct offer offers[] = {
    {"permessage-deflate", "", WS_DEFLATE_FULL},
    {" permessage-deflate ", "", WS_DEFLATE_FULL},
    {"permessage-deflate; client_max_window_bits", "", WS_DEFLATE_FULL},
    {"permessage-deflate;client_max_window_bits=15", "; client_max_window_bits=15",
     WS_DEFLATE_FULL},
    {"permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8", WS_DEFLATE_FULL},
    {"permessage-deflate; server_no_context_takeover", "", WS_DEFLATE_FULL},
    {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", "",
     WS_DEFLATE_FULL},
    {"permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15",
     WS_DEFLATE_FULL},
    {"permessage-deflate; server_max_window_bits=14", "; server_max_window_bits=14",
     WS_DEFLATE_SMALL},
    {"permessage-deflate; server_max_window_bits=9", "; server_max_window_bits=9",
     WS_DEFLATE_SMALL},
    {"permessage-deflate; server_max_window_bits=\"10\"", "; server_max_window_bits=10",
     WS_DEFLATE_SMALL},
    {"permessage-deflate ; server_max_window_bits = 12 ; client_max_window_bits",
     "; server_max_window_bits=12", WS_DEFLATE_SMALL},
    /* What comes first and can be met is taken. */
    {"permessage-deflate; server_max_window_bits=9, permessage-deflate",
     "; server_max_window_bits=9", WS_DEFLATE_SMALL},
    {"permessage-deflate; server_max_window_bits=8, permessage-deflate", "", WS_DEFLATE_FULL},
    {"permessage-bzip2, permessage-deflate; x=1, permessage-deflate; client_max_window_bits=11",
     "; client_max_window_bits=11", WS_DEFLATE_FULL},
    {"foo; bar=\"a, permessage-deflate; \", permessage-deflate", "", WS_DEFLATE_FULL},
    /* None of these can be met. */
    {"", NULL, WS_DEFLATE_PLAIN},
    {"permessage-bzip2", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate2", NULL, WS_DEFLATE_PLAIN},
    {"foo; bar=\"permessage-deflate, permessage-deflate\"", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; unknown", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; =", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=\"\"", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=7", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=8", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=16", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=010", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=+10", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=1a", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=18446744073709551626", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", NULL,
     WS_DEFLATE_PLAIN},
    {"permessage-deflate; client_max_window_bits=7", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; client_max_window_bits=0", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_no_context_takeover=1", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_no_context_takeover=", NULL, WS_DEFLATE_PLAIN},
    {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", NULL,
     WS_DEFLATE_PLAIN},
    {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL,
     WS_DEFLATE_PLAIN},
};

static void check_agreement(const struct offer *offer, bool is_met,
                            const struct ws_deflate_agreement *agreement)
{
    struct buffer answer = {0};
    struct buffer should = {0};

    if (is_met != (offer->answer != NULL))
        fail_msg("\"%s\" is %s", offer->text, is_met ? "met" : "not met");
    if (!is_met)
        return;
    assert_int_equal(agreement->form, offer->form);
    ws_deflate_write_agreement(&answer, agreement);
    buffer_printf(&should,
                  "permessage-deflate; server_no_context_takeover; client_no_context_takeover%s",
                  offer->answer);
    assert_bytes_equal(buffer_bytes(&answer), buffer_bytes(&should));
    buffer_deinit(&answer);
    buffer_deinit(&should);
}

static void each_offer_is_met_or_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        const struct bytes text = bytes_of(offers[i].text);
        char *exact = unit_exact(text);
        const struct http_request request = {
            .headers = {{BYTES("Host"), BYTES("x")},
                        {BYTES("sec-websocket-EXTENSIONS"), {exact, text.len}}},
            .headers_count = 2,
        };
        struct ws_deflate_agreement agreement;

        check_agreement(&offers[i], ws_deflate_negotiate(&request, &agreement), &agreement);
        free(exact);
    }
}

static void offers_may_stand_in_several_headers(void **state)
{
    const struct http_request request = {
        .headers = {{BYTES("Sec-WebSocket-Extensions"), BYTES("permessage-deflate; odd")},
                    {BYTES("Sec-WebSocket-Extensions"),
                     BYTES("permessage-deflate; server_max_window_bits=11")}},
        .headers_count = 2,
    };
    const struct http_request none = {.headers_count = 0};
    struct ws_deflate_agreement agreement;

    (void)state;
    assert_true(ws_deflate_negotiate(&request, &agreement));
    assert_int_equal(agreement.server_window_bits, 11);
    assert_false(ws_deflate_negotiate(&none, &agreement));
}

static void every_prefix_of_an_offer_is_read_within_its_bounds(void **state)
{
    const struct bytes whole = BYTES("a; b=\"c\\\"\", permessage-deflate; server_max_window_bits="
                                     "\"12\"; client_max_window_bits=9, permessage-deflate");

    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        char *exact = unit_exact((struct bytes){whole.data, len});
        const struct http_request request = {
            .headers = {{BYTES("Sec-WebSocket-Extensions"), {exact, len}}}, .headers_count = 1};
        struct ws_deflate_agreement agreement;

        ws_deflate_negotiate(&request, &agreement);
        free(exact);
    }
}

/* --- the compression ------------------------------------------------------------------------ */

/* Half text, half noise, so that matches near and far occur. */
static void fill(struct buffer *out, size_t len, struct unit_random *random)
{
    while (out->len < len) {
        buffer_reserve(out, 100);
        if (unit_random_below(random, 4) > 0 && out->len > 300)
            buffer_append(out, out->data + unit_random_below(random, out->len - 100),
                          unit_random_below(random, 100));
        else
            buffer_append_number(out, unit_random_next(random));
    }
    out->len = len;
}

static void check_round_trip(struct ws_deflate *deflate, enum ws_deflate_form form,
                             struct bytes message)
{
    struct buffer payload = {0};
    struct buffer out = {0};

    ws_deflate_compress(deflate, form, message, &payload);
    assert_int_equal(ws_deflate_decompress(deflate, buffer_bytes(&payload), message.len, &out), 0);
    assert_bytes_equal(buffer_bytes(&out), message);
    buffer_deinit(&payload);
    buffer_deinit(&out);
}

static void what_was_compressed_comes_back_in_both_forms(void **state)
{
    static const size_t lens[] = {1, 2, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 40000, 300000};
    struct ws_deflate *deflate = ws_deflate_new();
    struct unit_random random = {1};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct buffer message = {0};

        fill(&message, lens[i], &random);
        check_round_trip(deflate, WS_DEFLATE_FULL, buffer_bytes(&message));
        check_round_trip(deflate, WS_DEFLATE_SMALL, buffer_bytes(&message));
        buffer_deinit(&message);
    }
    ws_deflate_free(deflate);
    ws_deflate_free(NULL);
}

/* A receiver that asked for 9 bits has a window of 512 bytes and no more. */
static void the_small_form_is_read_with_the_smallest_window(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct unit_random random = {2};
    struct buffer message = {0};
    struct buffer payload = {0};
    char *out = malloc(100000);
    z_stream stream = {0};

    (void)state;
    fill(&message, 100000, &random);
    ws_deflate_compress(deflate, WS_DEFLATE_SMALL, buffer_bytes(&message), &payload);
    buffer_append(&payload, "\x00\x00\xff\xff", 4);
    assert_int_equal(inflateInit2(&stream, -9), Z_OK);
    stream.next_in = (Bytef *)payload.data;
    stream.avail_in = (uInt)payload.len;
    /* Drawn in small pieces: only then a match beyond the window shows. */
    while (stream.total_out < 100000) {
        stream.next_out = (Bytef *)out + stream.total_out;
        stream.avail_out = 100000 - stream.total_out > 50 ? 50 : (uInt)(100000 - stream.total_out);
        assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
    }
    assert_memory_equal(out, message.data, 100000);
    inflateEnd(&stream);
    free(out);
    buffer_deinit(&message);
    buffer_deinit(&payload);
    ws_deflate_free(deflate);
}

static void messages_do_not_lean_on_those_before(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct buffer first = {0};
    struct buffer second = {0};

    (void)state;
    for (int form = WS_DEFLATE_FULL; form < WS_DEFLATE_FORMS_COUNT; form++) {
        const struct bytes text = BYTES("{\"event\":\"the same\",\"data\":\"the same the same\"}");

        buffer_clear(&first);
        buffer_clear(&second);
        ws_deflate_compress(deflate, (enum ws_deflate_form)form, text, &first);
        ws_deflate_compress(deflate, (enum ws_deflate_form)form, text, &second);
        assert_bytes_equal(buffer_bytes(&first), buffer_bytes(&second));
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
    ws_deflate_free(deflate);
}

/* The examples of RFC 7692 section 7.2.3. */
static void the_examples_of_the_rfc_say_hello(void **state)
{
    static const struct {
        struct bytes payload;
        struct bytes says;
    } examples[] = {
        {{"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}, {"Hello", 5}},
        {{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}, {"Hello", 5}},
        {{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}, {"Hello", 5}}, /* the last block is final */
        {{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}, {"Hello", 5}},
        {{"\x00", 1}, {"", 0}},
        {{"", 0}, {"", 0}},
    };
    struct ws_deflate *deflate = ws_deflate_new();

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct buffer out = {0};

        assert_int_equal(ws_deflate_decompress(deflate, examples[i].payload, 5, &out), 0);
        assert_bytes_equal(buffer_bytes(&out), examples[i].says);
        buffer_deinit(&out);
    }
    ws_deflate_free(deflate);
}

static void a_bomb_is_refused_at_the_limit(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    char *zeroes = calloc(1, 10000000);
    struct buffer bomb = {0};

    (void)state;
    ws_deflate_compress(deflate, WS_DEFLATE_FULL, (struct bytes){zeroes, 10000000}, &bomb);
    for (size_t max = 0; max < 20000; max += 999) {
        struct buffer out = {0};

        assert_int_equal(ws_deflate_decompress(deflate, buffer_bytes(&bomb), max, &out),
                         -WS_CLOSE_TOO_BIG);
        assert_true(out.cap <= 65536);
        buffer_deinit(&out);
    }
    buffer_deinit(&bomb);
    free(zeroes);
    ws_deflate_free(deflate);
}

static void a_message_as_long_as_the_limit_fits_and_one_byte_more_does_not(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();

    (void)state;
    for (size_t len = 1; len < 10000; len += 1 + len / 3) {
        char *text = calloc(1, len);
        struct buffer payload = {0};
        struct buffer out = {0};

        ws_deflate_compress(deflate, WS_DEFLATE_FULL, (struct bytes){text, len}, &payload);
        assert_int_equal(ws_deflate_decompress(deflate, buffer_bytes(&payload), len, &out), 0);
        assert_int_equal(out.len, len);
        buffer_clear(&out);
        assert_int_equal(ws_deflate_decompress(deflate, buffer_bytes(&payload), len - 1, &out),
                         -WS_CLOSE_TOO_BIG);
        buffer_deinit(&payload);
        buffer_deinit(&out);
        free(text);
    }
    ws_deflate_free(deflate);
}

/* Whatever it is: an answer within the limit, or a refusal; and the next message is read well. */
static void check_any(struct ws_deflate *deflate, struct bytes payload, size_t len_max)
{
    char *exact = unit_exact(payload);
    struct buffer out = {0};
    const int status =
        ws_deflate_decompress(deflate, (struct bytes){exact, payload.len}, len_max, &out);

    assert_true(status == 0 || status == -WS_CLOSE_INVALID_DATA || status == -WS_CLOSE_TOO_BIG);
    if (status == 0)
        assert_true(out.len <= len_max);
    free(exact);
    buffer_deinit(&out);
}

static void damaged_messages_are_refused_or_read_within_the_limit(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct unit_random random = {3};
    struct buffer message = {0};
    struct buffer payload = {0};

    (void)state;
    fill(&message, 600, &random);
    ws_deflate_compress(deflate, WS_DEFLATE_FULL, buffer_bytes(&message), &payload);
    for (size_t i = 0; i < payload.len; i++) {
        const char was = payload.data[i];

        for (int bit = 0; bit < 8; bit++) {
            payload.data[i] = (char)(was ^ (1 << bit));
            check_any(deflate, buffer_bytes(&payload), 1000);
        }
        payload.data[i] = was;
        check_any(deflate, (struct bytes){payload.data, i}, 1000);
    }
    check_round_trip(deflate, WS_DEFLATE_FULL, buffer_bytes(&message));
    buffer_deinit(&message);
    buffer_deinit(&payload);
    ws_deflate_free(deflate);
}

static void noise_is_refused_or_read_within_the_limit(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct unit_random random = {4};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char noise[64];
        const size_t len = unit_random_below(&random, sizeof noise);

        for (size_t at = 0; at < len; at++)
            noise[at] = (char)unit_random_next(&random);
        check_any(deflate, (struct bytes){noise, len}, unit_random_below(&random, 500));
    }
    ws_deflate_free(deflate);
}

static void a_block_of_an_unknown_kind_is_invalid_data(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct buffer out = {0};

    (void)state;
    assert_int_equal(ws_deflate_decompress(deflate, BYTES("\x07"), 100, &out),
                     -WS_CLOSE_INVALID_DATA);
    buffer_clear(&out);
    assert_int_equal(ws_deflate_decompress(deflate, BYTES("\xff\xff\xff\xff"), 100, &out),
                     -WS_CLOSE_INVALID_DATA);
    buffer_deinit(&out);
    ws_deflate_free(deflate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_offer_is_met_or_passed_over),
        cmocka_unit_test(offers_may_stand_in_several_headers),
        cmocka_unit_test(every_prefix_of_an_offer_is_read_within_its_bounds),
        cmocka_unit_test(what_was_compressed_comes_back_in_both_forms),
        cmocka_unit_test(the_small_form_is_read_with_the_smallest_window),
        cmocka_unit_test(messages_do_not_lean_on_those_before),
        cmocka_unit_test(the_examples_of_the_rfc_say_hello),
        cmocka_unit_test(a_bomb_is_refused_at_the_limit),
        cmocka_unit_test(a_message_as_long_as_the_limit_fits_and_one_byte_more_does_not),
        cmocka_unit_test(damaged_messages_are_refused_or_read_within_the_limit),
        cmocka_unit_test(noise_is_refused_or_read_within_the_limit),
        cmocka_unit_test(a_block_of_an_unknown_kind_is_invalid_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
