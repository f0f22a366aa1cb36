#include "webhook/address.h"

#include "support/unit.h"

#include <arpa/inet.h>
#include <sys/un.h>

static bool is_private(const char *text)
{
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
        return webhook_address_is_private((const struct sockaddr *)&ipv4);
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
    return webhook_address_is_private((const struct sockaddr *)&ipv6);
}

static void addresses_of_private_networks_are_private(void **state)
{
    static const char *const texts[] = {
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "192.0.2.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:1::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "4000::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!is_private(texts[i]))
            fail_msg("%s is private", texts[i]);
}

static void addresses_of_the_internet_are_not(void **state)
{
    static const char *const texts[] = {
        "1.1.1.1",        "9.255.255.255",    "11.0.0.1",        "100.63.255.255", "100.128.0.1",
        "126.0.0.1",      "172.15.255.255",   "172.32.0.1",      "192.167.0.1",    "192.169.0.1",
        "198.17.0.1",     "198.20.0.1",       "223.255.255.1",   "2606:4700::1",   "2a00::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (is_private(texts[i]))
            fail_msg("%s is public", texts[i]);
}

static void an_address_of_another_kind_is_private(void **state)
{
    const struct sockaddr_un path = {.sun_family = AF_UNIX};

    (void)state;
    assert_true(webhook_address_is_private((const struct sockaddr *)&path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_private_networks_are_private),
        cmocka_unit_test(addresses_of_the_internet_are_not),
        cmocka_unit_test(an_address_of_another_kind_is_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
