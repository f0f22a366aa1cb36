#include "cluster/ask.h"

#include "base/mem.h"
#include "cluster/asking.h"

static struct bytes copy(struct bytes text)
{
    return (struct bytes){bytes_copy(text), text.len};
}

static struct cluster_asking *asking_new(const struct cluster_ask_caller *asker,
                                         enum cluster_asking_kind kind, struct bytes app_id)
{
    struct cluster_asking *asking = mem_new(sizeof *asking);

    asking->asker = *asker;
    asking->kind = kind;
    asking->app_id = bytes_copy(app_id);
    return asking;
}

void cluster_ask_list(struct cluster *cluster, const struct cluster_ask_caller *asker,
                      struct bytes app_id, struct bytes prefix, bool has_users, bool has_kept)
{
    struct cluster_asking *asking = asking_new(asker, CLUSTER_ASKING_LIST, app_id);

    asking->prefix = bytes_copy(prefix);
    asking->prefix_len = prefix.len;
    asking->has_users = has_users;
    asking->has_kept = has_kept;
    cluster_take_asking(cluster, asking);
}

void cluster_ask_channels(struct cluster *cluster, const struct cluster_ask_caller *asker,
                          struct bytes app_id, const struct bytes *names, size_t names_count)
{
    struct cluster_asking *asking = asking_new(asker, CLUSTER_ASKING_CHANNELS, app_id);

    asking->facts.channels = mem_new((names_count + 1) * sizeof *asking->facts.channels);
    for (size_t i = 0; i < names_count; i++)
        asking->facts.channels[i].name = copy(names[i]);
    asking->facts.channels_count = names_count;
    cluster_take_asking(cluster, asking);
}

void cluster_ask_users(struct cluster *cluster, const struct cluster_ask_caller *asker,
                       struct bytes app_id, struct bytes channel)
{
    struct cluster_asking *asking = asking_new(asker, CLUSTER_ASKING_USERS, app_id);

    asking->facts.channels = mem_new(sizeof *asking->facts.channels);
    asking->facts.channels[0].name = copy(channel);
    asking->facts.channels_count = 1;
    cluster_take_asking(cluster, asking);
}

void cluster_ask_taken(struct cluster *cluster, const struct cluster_ask_caller *asker)
{
    cluster_take_asking(cluster, asking_new(asker, CLUSTER_ASKING_TAKEN, BYTES("")));
}

void cluster_ask_connections(struct cluster *cluster, const struct cluster_ask_caller *asker,
                             struct bytes app_id)
{
    cluster_take_asking(cluster, asking_new(asker, CLUSTER_ASKING_CONNECTIONS, app_id));
}
