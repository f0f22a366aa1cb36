#include "ws/frame.h"

#include "support/unit.h"

#define PAYLOAD_MAX ((size_t)1 << 40)

/* What a header is made of. */
struct header {
    uint8_t bytes[WS_FRAME_HEADER_LEN_MAX];
    size_t len;
};

/* `len_len`: 0 where the length stands in the second byte, else 2 or 8. */
static struct header header_of(uint8_t first, uint64_t payload_len, size_t len_len)
{
    struct header header = {.bytes = {first}};

    header.bytes[1] = (uint8_t)(0x80 | (len_len == 0 ? payload_len : len_len == 2 ? 126u : 127u));
    header.len = 2;
    for (size_t i = 0; i < len_len; i++)
        header.bytes[header.len++] = (uint8_t)(payload_len >> (8 * (len_len - 1 - i)));
    for (size_t i = 0; i < 4; i++)
        header.bytes[header.len++] = (uint8_t)(0x10 + i);
    return header;
}

/* From memory of exactly that length. */
static ssize_t parse(const uint8_t *in, size_t len, size_t payload_max, bool allows_compressed,
                     struct ws_frame *frame)
{
    char *exact = unit_exact((struct bytes){(const char *)in, len});
    const ssize_t status =
        ws_frame_parse((const uint8_t *)exact, len, payload_max, allows_compressed, frame);

    free(exact);
    return status;
}

static size_t len_len_of(uint64_t payload_len)
{
    return payload_len < 126 ? 0 : payload_len < 65536 ? 2 : 8;
}

static void frames_of_every_length_are_understood(void **state)
{
    static const uint64_t lens[] = {0,
                                    1,
                                    124,
                                    125,
                                    126,
                                    127,
                                    128,
                                    255,
                                    256,
                                    65534,
                                    65535,
                                    65536,
                                    65537,
                                    1 << 20,
                                    1ull << 31,
                                    1ull << 32,
                                    (1ull << 32) + 5,
                                    PAYLOAD_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct header header = header_of(0x82, lens[i], len_len_of(lens[i]));
        struct ws_frame frame;

        assert_int_equal(parse(header.bytes, header.len, PAYLOAD_MAX, false, &frame), header.len);
        assert_int_equal(frame.payload_len, lens[i]);
        assert_int_equal(frame.opcode, WS_FRAME_BINARY);
        assert_true(frame.is_final);
        assert_false(frame.is_compressed);
        assert_memory_equal(frame.mask, "\x10\x11\x12\x13", 4);
    }
}

static void a_header_split_at_any_byte_waits_and_then_parses(void **state)
{
    static const uint64_t lens[] = {0, 5, 125, 126, 65535, 65536, 1ull << 33};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct header header = header_of(0x81, lens[i], len_len_of(lens[i]));
        struct ws_frame frame;

        for (size_t len = 0; len < header.len; len++)
            assert_int_equal(parse(header.bytes, len, PAYLOAD_MAX, false, &frame), 0);
        assert_int_equal(parse(header.bytes, header.len, PAYLOAD_MAX, false, &frame), header.len);
    }
}

static bool is_data(unsigned opcode)
{
    return opcode == 0x1 || opcode == 0x2;
}

static bool is_known(unsigned opcode)
{
    return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa);
}

/* What RFC 6455 section 5.2 and RFC 7692 section 6 say of a first byte. */
static bool is_right_start(unsigned first, bool allows_compressed)
{
    const unsigned opcode = first & 0xf;

    if ((first & 0x30) || !is_known(opcode))
        return false;
    if ((first & 0x40) && (!allows_compressed || !is_data(opcode)))
        return false;
    return opcode < 0x8 || (first & 0x80);
}

static void each_first_byte_is_understood_or_refused_as_the_rfcs_say(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (int compressed = 0; compressed < 2; compressed++) {
            const struct header header = header_of((uint8_t)first, 3, 0);
            struct ws_frame frame;
            const ssize_t status = parse(header.bytes, header.len, PAYLOAD_MAX, compressed, &frame);

            if (!is_right_start(first, compressed)) {
                assert_int_equal(status, -WS_CLOSE_PROTOCOL_ERROR);
                continue;
            }
            assert_int_equal(status, header.len);
            assert_int_equal(frame.opcode, first & 0xf);
            assert_int_equal(frame.is_final, (first & 0x80) != 0);
            assert_int_equal(frame.is_compressed, (first & 0x40) != 0);
        }
    }
}

static void a_wrong_start_is_refused_before_the_rest_has_come(void **state)
{
    static const uint8_t wrong[][2] = {
        {0x81, 0x05}, /* not masked */
        {0x91, 0x85}, /* a reserved bit */
        {0x83, 0x85}, /* an opcode that is none */
        {0x09, 0x80}, /* a ping that is not final */
        {0x88, 0xfe}, /* a close frame longer than 125 */
        {0x89, 0xff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ws_frame frame;

        assert_int_equal(parse(wrong[i], 2, PAYLOAD_MAX, true, &frame), -WS_CLOSE_PROTOCOL_ERROR);
    }
}

static void a_length_written_longer_than_needed_is_refused(void **state)
{
    static const struct {
        uint64_t len;
        size_t len_len;
    } wrong[] = {{0, 2}, {1, 2}, {125, 2}, {0, 8}, {125, 8}, {126, 8}, {65535, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct header header = header_of(0x82, wrong[i].len, wrong[i].len_len);
        struct ws_frame frame;

        assert_int_equal(parse(header.bytes, header.len, PAYLOAD_MAX, false, &frame),
                         -WS_CLOSE_PROTOCOL_ERROR);
    }
}

static void a_length_with_a_sign_is_refused(void **state)
{
    static const uint64_t wrong[] = {1ull << 63, UINT64_MAX};
    struct ws_frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct header header = header_of(0x82, wrong[i], 8);

        assert_int_equal(parse(header.bytes, header.len, SIZE_MAX, false, &frame),
                         -WS_CLOSE_PROTOCOL_ERROR);
    }
}

static void a_payload_over_the_limit_is_refused_by_its_header_alone(void **state)
{
    static const size_t maxima[] = {0, 1, 125, 126, 10000, 65535, 65536};

    (void)state;
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        const size_t max = maxima[i];
        const struct header fits = header_of(0x81, max, len_len_of(max));
        const struct header exceeds = header_of(0x81, max + 1, len_len_of(max + 1));
        struct ws_frame frame;

        assert_int_equal(parse(fits.bytes, fits.len, max, false, &frame), fits.len);
        assert_int_equal(parse(exceeds.bytes, exceeds.len - 4, max, false, &frame),
                         -WS_CLOSE_TOO_BIG);
    }
}

static void control_frames_may_be_larger_than_the_limit_of_messages(void **state)
{
    static const uint8_t opcodes[] = {0x88, 0x89, 0x8a};
    struct ws_frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof opcodes; i++) {
        const struct header header = header_of(opcodes[i], 125, 0);

        assert_int_equal(parse(header.bytes, header.len, 0, false, &frame), header.len);
        assert_true(ws_frame_is_control(frame.opcode));
    }
}

static void masking_works_at_every_length_and_twice_gives_back_what_was(void **state)
{
    static const uint8_t mask[4] = {0x01, 0x80, 0xff, 0x3c};

    (void)state;
    for (size_t len = 0; len <= 67; len++) {
        char *payload = malloc(len ? len : 1);

        for (size_t i = 0; i < len; i++)
            payload[i] = (char)(i * 7);
        ws_frame_mask(payload, len, mask);
        for (size_t i = 0; i < len; i++)
            assert_int_equal((uint8_t)payload[i], (uint8_t)(i * 7) ^ mask[i % 4]);
        ws_frame_mask(payload, len, mask);
        for (size_t i = 0; i < len; i++)
            assert_int_equal((uint8_t)payload[i], (uint8_t)(i * 7));
        free(payload);
    }
}

static void headers_for_clients_are_as_short_as_they_can_be(void **state)
{
    static const struct {
        size_t payload_len;
        size_t len;
        uint8_t header[10];
    } should[] = {
        {0, 2, {0x81, 0}},
        {125, 2, {0x81, 125}},
        {126, 4, {0x81, 126, 0, 126}},
        {65535, 4, {0x81, 126, 0xff, 0xff}},
        {65536, 10, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
        {0x123456789a, 10, {0x81, 127, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof should / sizeof should[0]; i++) {
        uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];

        assert_int_equal(ws_frame_header(header, WS_FRAME_TEXT, false, should[i].payload_len),
                         should[i].len);
        assert_memory_equal(header, should[i].header, should[i].len);
    }
}

static void headers_for_clients_say_what_the_frame_is(void **state)
{
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];

    (void)state;
    ws_frame_header(header, WS_FRAME_TEXT, true, 1);
    assert_int_equal(header[0], 0xc1);
    ws_frame_header(header, WS_FRAME_PONG, false, 1);
    assert_int_equal(header[0], 0x8a);
    ws_frame_header(header, WS_FRAME_CLOSE, false, 1);
    assert_int_equal(header[0], 0x88);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_length_are_understood),
        cmocka_unit_test(a_header_split_at_any_byte_waits_and_then_parses),
        cmocka_unit_test(each_first_byte_is_understood_or_refused_as_the_rfcs_say),
        cmocka_unit_test(a_wrong_start_is_refused_before_the_rest_has_come),
        cmocka_unit_test(a_length_written_longer_than_needed_is_refused),
        cmocka_unit_test(a_length_with_a_sign_is_refused),
        cmocka_unit_test(a_payload_over_the_limit_is_refused_by_its_header_alone),
        cmocka_unit_test(control_frames_may_be_larger_than_the_limit_of_messages),
        cmocka_unit_test(masking_works_at_every_length_and_twice_gives_back_what_was),
        cmocka_unit_test(headers_for_clients_are_as_short_as_they_can_be),
        cmocka_unit_test(headers_for_clients_say_what_the_frame_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
