#include "config/trusted_proxies.h"

#include "base/mem.h"
#include "config/source.h"

#include <stdlib.h>

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
    if (!config->proxy_protocol || config->trusted_proxies_count > 0)
        return true;
    buffer_printf(error,
                  "%s: the PROXY protocol needs trusted_proxies, the addresses of the proxies that "
                  "speak it; set REVERB_TRUSTED_PROXIES (such as 10.0.0.5; unix: a Unix socket)",
                  config_source_of_server(config, offsetof(struct config, proxy_protocol)));
    return false;
}

struct ip_ranges config_trusted_proxies_read(const struct config *config)
{
    struct ip_ranges ranges = {.count = config->trusted_proxies_count};

    ranges.list = mem_new((ranges.count + 1) * sizeof *ranges.list);
    for (size_t i = 0; i < ranges.count; i++)
        ip_range_parse(bytes_of(config->trusted_proxies[i]), &ranges.list[i]);
    return ranges;
}

bool config_trusted_proxies_need_header(const struct config *config, const char *host,
                                        bool is_socket)
{
    struct ip_ranges ranges;
    struct ip ip; /* of both ends */
    bool is_trusted;

    if (!config->proxy_protocol || is_socket)
        return config->proxy_protocol;
    ranges = config_trusted_proxies_read(config);
    is_trusted = ip_parse(bytes_of(host), &ip) && ip_ranges_contain(&ranges, &ip);
    free(ranges.list);
    return is_trusted;
}
