#include "config/source.h"

#include "base/mem.h"

#include <stdlib.h>

void config_source_set(struct config *config, const struct config_setting *setting, size_t app,
                       const char *where)
{
    char *copy = bytes_copy(bytes_of(where));

    /* The sources of an app are contiguous, and those of the last app are at the end. */
    for (size_t i = config->sources_count; i-- > 0;) {
        struct config_source *source = &config->sources[i];

        if (app != CONFIG_SOURCE_SERVER && source->app != app)
            break;
        if (source->setting == setting && source->app == app) {
            free(source->where);
            source->where = copy;
            return;
        }
    }
    config->sources = mem_room(config->sources, config->sources_count, &config->sources_cap,
                               sizeof *config->sources);
    config->sources[config->sources_count++] = (struct config_source){setting, app, copy};
}

const char *config_source_of_server(const struct config *config, size_t at)
{
    for (size_t i = 0; i < config->sources_count; i++) {
        const struct config_source *source = &config->sources[i];

        if (source->app == CONFIG_SOURCE_SERVER && source->setting->at == at)
            return source->where;
    }
    return "default";
}

void config_source_free_all(struct config *config)
{
    for (size_t i = 0; i < config->sources_count; i++)
        free(config->sources[i].where);
    free(config->sources);
    config->sources = NULL;
    config->sources_count = 0;
}
