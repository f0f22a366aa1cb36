#include "cluster/resp.h"

#include "support/unit.h"

static void arguments_have_their_length_before_them(void **state)
{
    struct cluster_resp command = {0};
    struct buffer head = {0};

    (void)state;
    cluster_resp_add_text(&command, "SET");
    cluster_resp_add(&command, BYTES("a\r\nb"));
    cluster_resp_add(&command, BYTES(""));
    cluster_resp_add_number(&command, -12);
    assert_int_equal(command.count, 4);
    assert_text(buffer_bytes(&command.arguments),
                "$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$3\r\n-12\r\n");
    cluster_resp_write_head(&head, command.count);
    assert_text(buffer_bytes(&head), "*4\r\n");
    buffer_deinit(&head);
    cluster_resp_deinit(&command);
    assert_int_equal(command.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_have_their_length_before_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
