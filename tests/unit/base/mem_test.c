#include "base/mem.h"

#include "support/unit.h"

static void an_array_has_room_for_one_more_and_keeps_what_it_has(void **state)
{
    size_t *numbers = NULL;
    size_t cap = 0;

    (void)state;
    for (size_t count = 0; count < 1000; count++) {
        numbers = mem_room(numbers, count, &cap, sizeof *numbers);
        assert_true(cap > count);
        numbers[count] = count;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    free(numbers);
}

static void room_that_is_there_is_not_made_anew(void **state)
{
    size_t cap = 0;
    char *text = mem_room(NULL, 0, &cap, 1);
    const size_t first_cap = cap;

    (void)state;
    assert_ptr_equal(mem_room(text, first_cap - 1, &cap, 1), text);
    assert_int_equal(cap, first_cap);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_has_room_for_one_more_and_keeps_what_it_has),
        cmocka_unit_test(room_that_is_there_is_not_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
