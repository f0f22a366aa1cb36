#include "client/frame.h"

#include "support/unit.h"

/* RFC 6455 section 5.7: a single-frame unmasked text message. */
static const char hello[] = "\x81\x05Hello";

static ssize_t parse(struct bytes in, struct client_frame *frame)
{
    char *copy = unit_exact(in);
    const ssize_t used = client_frame_parse((struct bytes){copy, in.len}, frame);

    if (used > 0)
        frame->payload.data = in.data + (frame->payload.data - copy);
    free(copy);
    return used;
}

static void frame_split_at_any_byte_waits_and_then_parses(void **state)
{
    struct client_frame frame;

    (void)state;
    for (size_t len = 0; len < sizeof hello - 1; len++)
        assert_int_equal(parse((struct bytes){hello, len}, &frame), 0);
    assert_int_equal(parse(BYTES(hello), &frame), sizeof hello - 1);
    assert_int_equal(frame.opcode, WS_FRAME_TEXT);
    assert_text(frame.payload, "Hello");
}

static void what_a_client_must_not_be_sent_is_refused(void **state)
{
    struct client_frame frame;

    (void)state;
    assert_int_equal(parse(BYTES("\x01\x05Hello"), &frame), -1); /* a fragment */
    assert_int_equal(parse(BYTES("\xc1\x05Hello"), &frame), -1); /* compressed */
    assert_int_equal(parse(BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &frame), -1);
    assert_int_equal(parse(BYTES("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), &frame), -1);
}

static void what_is_written_is_masked_and_reads_as_it_was(void **state)
{
    static const size_t lens[] = {0, 1, 125, 126, 65535, 65536};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *payload = mem_new(lens[i] + 1);
        struct buffer out = {0};
        struct ws_frame frame;
        ssize_t head;

        memset(payload, 'x', lens[i]);
        client_frame_append(&out, WS_FRAME_TEXT, (struct bytes){payload, lens[i]});
        head = ws_frame_parse((const uint8_t *)out.data, out.len, lens[i], false, &frame);
        assert_int_equal((size_t)head + lens[i], out.len);
        assert_int_equal(frame.payload_len, lens[i]);
        ws_frame_mask(out.data + head, lens[i], frame.mask);
        assert_bytes_equal(bytes_from(buffer_bytes(&out), (size_t)head),
                           (struct bytes){payload, lens[i]});
        buffer_deinit(&out);
        free(payload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_split_at_any_byte_waits_and_then_parses),
        cmocka_unit_test(what_a_client_must_not_be_sent_is_refused),
        cmocka_unit_test(what_is_written_is_masked_and_reads_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
