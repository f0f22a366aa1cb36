#include "pusher/address_limits.h"

#include "base/hash.h"
#include "net/address_table.h"

/* An app that is removed and added again is the same. */
static uint64_t scope_of(const struct pusher_app *app)
{
    return hash_bytes(bytes_of(app->id)) | 1;
}

/* NULL: nothing is counted. */
static const struct config_address_limits *limits_of(struct pusher_app *app)
{
    const struct config_address_limits *limits = &pusher_app_settings(app)->address_limits;
    const bool has_any =
        limits->connections_max > 0 || limits->connections_per_s > 0 || limits->requests_per_s > 0;

    return has_any ? limits : NULL;
}

bool pusher_address_limits_take_connection(struct pusher_session *session)
{
    const struct net_loop *loop = session->worker->loop;
    const struct config_address_limits *limits = limits_of(session->app);
    struct ip client;

    if (!net_conn_count(session->ws.net))
        return false;
    if (limits == NULL || !net_conn_limited_client(session->ws.net, &client))
        return true;
    net_conn_set_client(session->ws.net, &client); /* it is known longer than the socket */
    session->is_counted_by_address = net_address_table_take_connection(
        loop->addresses, &client, scope_of(session->app), limits, net_loop_now_ms(loop));
    return session->is_counted_by_address;
}

void pusher_address_limits_give_connection(struct pusher_session *session)
{
    const struct net_loop *loop = session->worker->loop;
    struct ip client;

    if (!session->is_counted_by_address || !net_conn_client(session->ws.net, &client))
        return;
    session->is_counted_by_address = false;
    net_address_table_give_connection(loop->addresses, &client, scope_of(session->app),
                                      net_loop_now_ms(loop));
}

bool pusher_address_limits_take_request(const struct pusher_worker *worker, struct pusher_app *app,
                                        const struct net_conn *conn)
{
    const struct config_address_limits *limits = limits_of(app);
    struct ip client;

    return limits == NULL || !net_conn_limited_client(conn, &client) ||
           net_address_table_take_request(worker->loop->addresses, &client, scope_of(app), limits,
                                          net_loop_now_ms(worker->loop));
}
