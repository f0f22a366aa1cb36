#include "cluster/request.h"

#include "support/unit.h"

static void arguments_have_their_length_before_them(void **state)
{
    struct cluster_request request = {0};
    struct buffer head = {0};

    (void)state;
    cluster_request_add_text(&request, "SET");
    cluster_request_add(&request, BYTES("a\r\nb"));
    cluster_request_add(&request, BYTES(""));
    cluster_request_add_number(&request, -12);
    assert_int_equal(request.count, 4);
    assert_text(buffer_bytes(&request.arguments),
                "$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$3\r\n-12\r\n");
    cluster_request_write_head(&head, request.count);
    assert_text(buffer_bytes(&head), "*4\r\n");
    buffer_deinit(&head);
    cluster_request_deinit(&request);
    assert_int_equal(request.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_have_their_length_before_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
