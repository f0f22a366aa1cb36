#include "net/output.h"

#include "support/unit.h"

#include "base/mem.h"

#include <string.h>

static void what_is_long_is_cut_and_stays_whole(void **state)
{
    const size_t len = (size_t)9 * 1024 * 1024 + 1;
    char *text = mem_new(len);
    struct net_output output = {0};
    struct iovec pieces[8];
    size_t at = 0;
    int count;

    (void)state;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(i % 251);
    net_output_copy(&output, BYTES("head"));
    net_output_copy(&output, (struct bytes){text, len});
    assert_int_equal(output.bytes, 4 + len);
    net_output_consume(&output, 4);
    count = net_output_pieces(&output, pieces, 8);
    assert_int_equal(count, 3);
    for (int i = 0; i < count; i++) {
        assert_memory_equal(pieces[i].iov_base, text + at, pieces[i].iov_len);
        at += pieces[i].iov_len;
    }
    assert_int_equal(at, len);
    net_output_drop(&output);
    free(text);
}

static void small_pieces_share_a_chunk(void **state)
{
    struct net_output output = {0};
    struct iovec pieces[2];

    (void)state;
    net_output_copy(&output, BYTES("one"));
    net_output_copy(&output, BYTES(""));
    net_output_copy(&output, BYTES("two"));
    assert_int_equal(net_output_pieces(&output, pieces, 2), 1);
    assert_memory_equal(pieces[0].iov_base, "onetwo", 6);
    net_output_drop(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_long_is_cut_and_stays_whole),
        cmocka_unit_test(small_pieces_share_a_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
