#include "channel/subscriber.h"

void channel_subscriber_init(struct channel_subscriber *subscriber, struct ws_conn *conn)
{
    subscriber->conn = conn;
    list_init(&subscriber->subscriptions);
    subscriber->count = 0;
}
