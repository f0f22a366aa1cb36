#include "config/trusted_proxies.h"

#include "base/mem.h"
#include "config/source.h"

bool config_trusted_proxies_check(const struct config *config, struct buffer *error)
{
    for (size_t i = 0; i < config->trusted_proxies_count; i++) {
        struct ip_range range;

        if (ip_range_parse(bytes_of(config->trusted_proxies[i]), &range))
            continue;
        buffer_printf(error,
                      "%s: \"%s\" is no address or range; give such as 10.0.0.0/8, 2001:db8::/32, "
                      "127.0.0.1 or unix",
                      config_source_of_server(config, offsetof(struct config, trusted_proxies)),
                      config->trusted_proxies[i]);
        return false;
    }
    return true;
}

struct ip_ranges config_trusted_proxies_read(const struct config *config)
{
    struct ip_ranges ranges = {.count = config->trusted_proxies_count};

    ranges.list = mem_new((ranges.count + 1) * sizeof *ranges.list);
    for (size_t i = 0; i < ranges.count; i++)
        ip_range_parse(bytes_of(config->trusted_proxies[i]), &ranges.list[i]);
    return ranges;
}
