#include "base/list.h"

#include "support/unit.h"

struct thing {
    int number;
    struct list link;
};

static void check_order(struct list *head, const char *should)
{
    struct buffer order = {0};

    LIST_EACH(link, following, head) {
        buffer_printf(&order, "%d", LIST_OWNER(link, struct thing, link)->number);
    }
    assert_bytes_equal(buffer_bytes(&order), bytes_of(should));
    buffer_deinit(&order);
}

static void elements_stand_in_the_order_they_were_appended(void **state)
{
    struct thing things[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    struct list head;

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int i = 0; i < 4; i++)
        list_append(&head, &things[i].link);
    check_order(&head, "0123");
    list_remove(&things[1].link);
    check_order(&head, "023");
    list_remove(&things[1].link); /* stands in no list: nothing happens */
    check_order(&head, "023");
    list_append(&head, &things[1].link);
    check_order(&head, "0231");
    LIST_EACH(link, following, &head) {
        list_remove(link);
    }
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_stand_in_the_order_they_were_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
