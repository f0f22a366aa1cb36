#include "channel/kind.h"

#include "support/unit.h"

static void a_name_says_what_its_channel_can_do(void **state)
{
    static const struct {
        const char *name;
        struct channel_kind kind; /* needs auth, presence, cache, encrypted */
    } kinds[] = {
        {"orders", {false, false, false, false}},
        {"", {false, false, false, false}},
        {"private-a", {true, false, false, false}},
        {"private-", {true, false, false, false}},
        {"privatefoo", {false, false, false, false}},
        {"private", {false, false, false, false}},
        {"Private-a", {false, false, false, false}},
        {"x-private-a", {false, false, false, false}},
        {"presence-a", {true, true, false, false}},
        {"presencefoo", {false, false, false, false}},
        {"cache-a", {false, false, true, false}},
        {"cachefoo", {false, false, false, false}},
        {"cache", {false, false, false, false}},
        {"private-cache-a", {true, false, true, false}},
        {"private-cachefoo", {true, false, false, false}},
        {"presence-cache-a", {true, true, true, false}},
        {"private-encrypted-a", {true, false, false, true}},
        {"private-encryptedfoo", {true, false, false, false}},
        {"private-encrypted-cache-a", {true, false, true, true}},
        {"private-encrypted-cachefoo", {true, false, false, true}},
        {"presence-encrypted-a", {true, true, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *exact = unit_exact(bytes_of(kinds[i].name));
        const struct channel_kind kind =
            channel_kind_of((struct bytes){exact, strlen(kinds[i].name)});

        if (memcmp(&kind, &kinds[i].kind, sizeof kind) != 0)
            fail_msg("%s is of another kind", kinds[i].name);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_what_its_channel_can_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
