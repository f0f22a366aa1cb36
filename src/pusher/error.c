#include "pusher/error.h"

static const struct {
    unsigned code;
    const char *text;
} errors[] = {
    [PUSHER_ERROR_NO_APP] = {4001, "Application does not exist"},
    [PUSHER_ERROR_OVER_QUOTA] = {4004, "Application is over connection quota"},
    [PUSHER_ERROR_ORIGIN] = {4009, "Origin not allowed"},
    [PUSHER_ERROR_UNAUTHORIZED] = {4009, "Connection is unauthorized"},
    [PUSHER_ERROR_NOT_A_MEMBER] = {4009, "The client is not a member of the specified channel."},
    [PUSHER_ERROR_TERMINATED] = {4009, "Connection terminated by the application"},
    [PUSHER_ERROR_OVER_CAPACITY] = {4100, "Over capacity"},
    [PUSHER_ERROR_ADDRESS] = {4100, "Too many connections from this address"},
    [PUSHER_ERROR_INVALID_MESSAGE] = {4200, "Invalid message format"},
    [PUSHER_ERROR_INVALID_NAME] = {4200, "Invalid name: 1 to 200 of A-Z a-z 0-9 _ - = @ , . ;"},
    [PUSHER_ERROR_STALE] = {4201, "Pong reply not received in time"},
    [PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS] = {4300, "Too many subscriptions on this connection"},
    [PUSHER_ERROR_TOO_MANY_WATCHED] = {4300, "Too many watched users on this connection"},
    [PUSHER_ERROR_TOO_MANY_MEMBERS] = {4300, "Too many members in this channel"},
    [PUSHER_ERROR_TOO_MUCH_UNREAD] = {4300, "Other connections of this user have too much unread"},
    [PUSHER_ERROR_CLIENT_EVENTS_OFF] = {4301, "The app does not have client messaging enabled."},
    [PUSHER_ERROR_CLIENT_EVENTS_PUBLIC] =
        {4301, "Client events are only for private and presence channels."},
    [PUSHER_ERROR_RATE_LIMIT] = {4301, "Rate limit exceeded"},
};

unsigned pusher_error_code(enum pusher_error error)
{
    return errors[error].code;
}

struct bytes pusher_error_text(enum pusher_error error)
{
    return bytes_of(errors[error].text);
}
