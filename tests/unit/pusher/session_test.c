#include "pusher/session.h"

#include "support/unit.h"

static void a_socket_id_is_two_numbers_with_a_dot(void **state)
{
    static const char *const wrong[] = {
        "",    ".",    "1",    "1.",           ".1",           "1.2.3", "a.b",
        "1.b", "-1.2", "1 .2", "4294967296.1", "1.4294967296", "+1.2",  "1,2"};

    (void)state;
    assert_int_equal(pusher_session_parse_socket_id(BYTES("123.456")), (123ull << 32) | 456);
    assert_int_equal(pusher_session_parse_socket_id(BYTES("1000000000.1")),
                     (1000000000ull << 32) | 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(pusher_session_parse_socket_id(bytes_of(wrong[i])), 0);
    assert_int_equal(pusher_session_parse_socket_id(BYTES_NONE), 0);
}

static void what_is_written_is_read_back(void **state)
{
    static const uint64_t ids[] = {(1ull << 32) | 1, UINT64_MAX,
                                   (1000000000ull << 32) | 1000000000};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct pusher_session session = {.socket_id = ids[i]};
        char text[PUSHER_SESSION_SOCKET_ID_LEN_MAX];
        const size_t len = pusher_session_socket_id(&session, text);

        assert_int_equal(pusher_session_parse_socket_id((struct bytes){text, len}), ids[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_id_is_two_numbers_with_a_dot),
        cmocka_unit_test(what_is_written_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
