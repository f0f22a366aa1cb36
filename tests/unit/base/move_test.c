#include "base/move.h"

#include "support/unit.h"

static void what_was_handed_over_is_gone(void **state)
{
    int object = 0;
    int *variable = &object;

    (void)state;
    assert_ptr_equal(MOVE(variable), &object);
    assert_null(variable);
}

static int looks_count;

static int **look(int **variable)
{
    looks_count++;
    return variable;
}

static void an_expression_that_names_the_variable_is_evaluated_once(void **state)
{
    int object = 0;
    int *variable = &object;
    int *taken;

    (void)state;
    taken = MOVE(*look(&variable));
    assert_int_equal(looks_count, 1);
    assert_ptr_equal(taken, &object);
    assert_null(variable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_handed_over_is_gone),
        cmocka_unit_test(an_expression_that_names_the_variable_is_evaluated_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
