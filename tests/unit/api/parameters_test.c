#include "api/parameters.h"

#include "support/unit.h"

/* All of them: `name=from the first item of its value+how many`, in the order in which they are
 * signed. */
static void check(const char *query, const char *should)
{
    char *exact = unit_exact(bytes_of(query));
    struct api_parameters parameters;
    struct buffer is = {0};
    size_t index = 0;
    size_t from;
    size_t count;

    assert_true(api_parameters_read(&parameters, (struct bytes){exact, strlen(query)}));
    while (api_parameters_next(&parameters, &index, &from, &count)) {
        buffer_append_bytes(&is, parameters.items[from].name);
        buffer_append_char(&is, '=');
        api_parameters_append(&parameters, parameters.items[from].name, &is);
        buffer_printf(&is, "(%zu);", count);
    }
    assert_bytes_equal(buffer_bytes(&is), bytes_of(should));
    api_parameters_deinit(&parameters);
    buffer_deinit(&is);
    free(exact);
}

static void they_are_sorted_and_decoded(void **state)
{
    (void)state;
    check("", "");
    check("&&", "");
    check("b=2&a=1&ab=3", "a=1(1);ab=3(1);b=2(1);");
    check("a%62=%41+%zz&=x&none", "=x(1);ab=A %zz(1);none=(1);");
}

static void a_list_is_all_its_elements_and_of_several_the_last_counts(void **state)
{
    (void)state;
    check("a[]=1&b=x&a%5B7%5D=2&a[k]=", "a=1,2,(3);b=x(1);");
    check("a=1&a=2", "a=2(1);");
    check("a[]=1&a=2", "a=2(1);");
    check("a=1&a[]=2&a[]=3", "a=1,2,3(3);");
    check("[]=1", "=1(1);");
}

static void a_value_is_that_of_a_name_alone(void **state)
{
    struct api_parameters parameters;

    (void)state;
    assert_true(api_parameters_read(&parameters, BYTES("a=1&l[]=2&e=&a=%33&auth_key[x]=4")));
    assert_text(api_parameters_value(&parameters, BYTES("a")), "3");
    assert_text(api_parameters_value(&parameters, BYTES("e")), "");
    assert_non_null(api_parameters_value(&parameters, BYTES("e")).data);
    assert_null(api_parameters_value(&parameters, BYTES("l")).data);
    assert_null(api_parameters_value(&parameters, BYTES("l[]")).data);
    assert_null(api_parameters_value(&parameters, BYTES("b")).data);
    assert_true(api_parameters_has_list(&parameters, BYTES("auth_")));
    assert_true(api_parameters_has_list(&parameters, BYTES("l")));
    assert_false(api_parameters_has_list(&parameters, BYTES("a=")));
    assert_false(api_parameters_has_list(&parameters, BYTES("e")));
    api_parameters_deinit(&parameters);
}

static bool reads(size_t count)
{
    struct api_parameters parameters;
    struct buffer query = {0};
    bool is_read;

    for (size_t i = 0; i < count; i++)
        buffer_append_text(&query, "a[]=1&");
    is_read = api_parameters_read(&parameters, buffer_bytes(&query));
    api_parameters_deinit(&parameters);
    buffer_deinit(&query);
    return is_read;
}

static void there_are_not_too_many(void **state)
{
    (void)state;
    assert_true(reads(API_PARAMETERS_COUNT_MAX));
    assert_false(reads(API_PARAMETERS_COUNT_MAX + 1));
    assert_false(reads(100000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_sorted_and_decoded),
        cmocka_unit_test(a_list_is_all_its_elements_and_of_several_the_last_counts),
        cmocka_unit_test(a_value_is_that_of_a_name_alone),
        cmocka_unit_test(there_are_not_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
