#include "config/origin_pattern.h"

#include <string.h>

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

bool config_origin_pattern_is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           is_in(c, "-._~!$&'()*+,;=");
}

/* Like `[::1]`; a star may replace either end. */
static bool can_be_ipv6(struct bytes pattern)
{
    if (!is_in(pattern.data[0], "[*") || !is_in(pattern.data[pattern.len - 1], "]*"))
        return false;
    for (size_t i = 0; i < pattern.len; i++)
        if (bytes_hex_digit(pattern.data[i]) < 0 && !is_in(pattern.data[i], "[]:.*"))
            return false;
    return true;
}

static bool can_be_name(struct bytes pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (!config_origin_pattern_is_host_char(pattern.data[i]) && pattern.data[i] != '%')
            return false;
    return true;
}

bool config_origin_pattern_can_match(struct bytes pattern)
{
    return pattern.len > 0 && (can_be_name(pattern) || can_be_ipv6(pattern));
}
