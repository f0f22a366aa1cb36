#include "pusher/socket_id.h"

#include "support/unit.h"

static void a_socket_id_is_two_numbers_with_a_dot(void **state)
{
    static const char *const wrong[] = {
        "",    ".",    "1",    "1.",           ".1",           "1.2.3", "a.b",
        "1.b", "-1.2", "1 .2", "4294967296.1", "1.4294967296", "+1.2",  "1,2"};

    (void)state;
    assert_int_equal(pusher_socket_id_parse(BYTES("123.456")), (123ull << 32) | 456);
    assert_int_equal(pusher_socket_id_parse(BYTES("1000000000.1")), (1000000000ull << 32) | 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(pusher_socket_id_parse(bytes_of(wrong[i])), 0);
    assert_int_equal(pusher_socket_id_parse(BYTES_NONE), 0);
}

static void what_is_written_is_read_back(void **state)
{
    static const uint64_t ids[] = {(1ull << 32) | 1, UINT64_MAX,
                                   (1000000000ull << 32) | 1000000000};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char text[PUSHER_SOCKET_ID_LEN_MAX];
        const size_t len = pusher_socket_id_write(ids[i], text);

        assert_int_equal(pusher_socket_id_parse((struct bytes){text, len}), ids[i]);
    }
}

static void an_id_names_the_worker_that_drew_it(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 64; count *= 2)
        for (size_t worker = 0; worker < count; worker++) {
            const uint64_t id = pusher_socket_id_draw(worker, count);

            assert_int_equal(pusher_socket_id_worker(id, count), worker);
            assert_in_range(id >> 32, 1, 1000000000);
            assert_in_range((uint32_t)id, 1, 1000000000);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_id_is_two_numbers_with_a_dot),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_id_names_the_worker_that_drew_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
