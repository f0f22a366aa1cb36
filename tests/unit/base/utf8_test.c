#include "base/utf8.h"

#include "support/unit.h"

/* RFC 3629, written down once more and slowly: decode, then look at the number. */
static bool is_character(const uint8_t *in, size_t len)
{
    uint32_t code;
    size_t wanted;

    if (len == 1)
        return in[0] < 0x80;
    wanted = in[0] >> 5 == 0x6 ? 2 : in[0] >> 4 == 0xe ? 3 : in[0] >> 3 == 0x1e ? 4 : 0;
    if (wanted != len)
        return false;
    code = in[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if (in[i] >> 6 != 0x2)
            return false;
        code = code << 6 | (in[i] & 0x3f);
    }
    if (code >= 0xd800 && code <= 0xdfff)
        return false;
    return code >= (len == 2 ? 0x80u : len == 3 ? 0x800u : 0x10000u) && code <= 0x10ffff;
}

/* Feeds it in one piece and in single bytes; both must say the same. */
static bool is_valid(const uint8_t *in, size_t len)
{
    char *exact = unit_exact((struct bytes){(const char *)in, len});
    struct utf8 state = {0};
    const bool whole = utf8_is_valid((struct bytes){exact, len});
    bool bytewise = true;

    for (size_t i = 0; i < len && bytewise; i++)
        bytewise = utf8_feed(&state, (struct bytes){exact + i, 1});
    assert_int_equal(bytewise && utf8_is_complete(&state), whole);
    free(exact);
    return whole;
}

static void each_pair_of_bytes_is_judged_rightly(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const uint8_t in[] = {(uint8_t)first, (uint8_t)second};

            assert_int_equal(is_valid(in, 2),
                             is_character(in, 2) || (is_character(in, 1) && second < 0x80));
        }
    }
}

/* All there are, at their edges: every first and second byte, and the edges of the others. */
static void each_character_of_three_and_four_bytes_is_judged_rightly(void **state)
{
    static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};

    (void)state;
    for (unsigned first = 0xc0; first < 256; first++) {
        for (unsigned second = 0x70; second < 0xd0; second++) {
            for (size_t i = 0; i < sizeof edges * sizeof edges; i++) {
                const uint8_t in[] = {(uint8_t)first, (uint8_t)second, edges[i / sizeof edges],
                                      edges[i % sizeof edges]};

                if (first < 0xe0)
                    break;
                if (first < 0xf0)
                    assert_int_equal(is_valid(in, 3), is_character(in, 3));
                else
                    assert_int_equal(is_valid(in, 4), is_character(in, 4));
            }
        }
    }
}

static void a_text_may_be_cut_anywhere(void **state)
{
    static const char text[] = "ab\xc3\xa4 twelve more \xe2\x82\xac\xf0\x9f\x98\x80 and the end";
    const struct bytes whole = BYTES(text);

    (void)state;
    for (size_t first = 0; first <= whole.len; first++) {
        for (size_t second = first; second <= whole.len; second++) {
            struct utf8 feeding = {0};

            assert_true(utf8_feed(&feeding, (struct bytes){whole.data, first}));
            assert_true(utf8_feed(&feeding, (struct bytes){whole.data + first, second - first}));
            assert_true(utf8_feed(&feeding, bytes_from(whole, second)));
            assert_true(utf8_is_complete(&feeding));
        }
    }
}

static void a_text_that_ends_within_a_character_is_not_complete(void **state)
{
    static const char *const cut[] = {
        "\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "long enough \xf4\x8f\xbf"};

    (void)state;
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        struct utf8 feeding = {0};

        assert_true(utf8_feed(&feeding, bytes_of(cut[i])));
        assert_false(utf8_is_complete(&feeding));
        assert_false(utf8_is_valid(bytes_of(cut[i])));
    }
}

static void a_wrong_byte_is_seen_as_soon_as_it_comes(void **state)
{
    static const char *const wrong[] = {"\x80",          "\xbf",           "\xc0",     "\xc1",
                                        "\xf5",          "\xff",           "\xe0\x9f", "\xed\xa0",
                                        "\xf0\x8f",      "\xf4\x90",       "\xc3(",    "\xe2\x82(",
                                        "\xf0\x9f\x98(", "eight by\xfetes"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct utf8 feeding = {0};

        assert_false(utf8_feed(&feeding, bytes_of(wrong[i])));
    }
    assert_true(utf8_is_valid(BYTES("")));
}

static void a_beginning_ends_with_a_whole_character(void **state)
{
    const struct bytes text = BYTES("a\xc3\xa9\xf0\x9f\x98\x80z");
    const size_t whole[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};

    (void)state;
    for (size_t len_max = 0; len_max < sizeof whole / sizeof whole[0]; len_max++)
        assert_int_equal(utf8_beginning(text, len_max).len, whole[len_max]);
    assert_int_equal(utf8_beginning(BYTES_NONE, 5).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_bytes_is_judged_rightly),
        cmocka_unit_test(each_character_of_three_and_four_bytes_is_judged_rightly),
        cmocka_unit_test(a_text_may_be_cut_anywhere),
        cmocka_unit_test(a_text_that_ends_within_a_character_is_not_complete),
        cmocka_unit_test(a_wrong_byte_is_seen_as_soon_as_it_comes),
        cmocka_unit_test(a_beginning_ends_with_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
