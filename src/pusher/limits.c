#include "pusher/limits.h"

#include <ctype.h>
#include <string.h>

bool pusher_limits_is_name(const struct config_app *app, struct bytes name)
{
    if (!app->strict)
        return true;
    if (name.len == 0 || name.len > PUSHER_LIMITS_NAME_LEN_MAX)
        return false;
    /* A user's own channel begins with a number sign. */
    for (size_t i = name.data[0] == '#' ? 1 : 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) &&
            (name.data[i] == '\0' || strchr("_-=@,.;", name.data[i]) == NULL))
            return false;
    return true;
}

bool pusher_limits_is_event_name(const struct config_app *app, struct bytes name)
{
    return !app->strict || name.len <= PUSHER_LIMITS_NAME_LEN_MAX;
}
