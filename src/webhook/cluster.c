#include "webhook/cluster.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "channel/kind.h"

#include <stdio.h>

#define BIT(kind) (1u << CONFIG_WEBHOOK_##kind)

/* The letters of scripts/apply, in the order of enum config_webhook_kind; 0: none. */
static const char letters[CONFIG_WEBHOOK_KINDS_COUNT] = {
    [CONFIG_WEBHOOK_CHANNEL_OCCUPIED] = 'o',   [CONFIG_WEBHOOK_CHANNEL_VACATED] = 'v',
    [CONFIG_WEBHOOK_MEMBER_ADDED] = 'a',       [CONFIG_WEBHOOK_MEMBER_REMOVED] = 'r',
    [CONFIG_WEBHOOK_SUBSCRIPTION_COUNT] = 'c',
};

/* False for a letter that a later version may have. */
static bool kind_of(char letter, enum config_webhook_kind *kind)
{
    for (unsigned i = 0; i < CONFIG_WEBHOOK_KINDS_COUNT; i++) {
        if (letters[i] == 0 || letters[i] != letter)
            continue;
        *kind = (enum config_webhook_kind)i;
        return true;
    }
    return false;
}

static void write_members(struct buffer *out, enum config_webhook_kind kind, struct bytes text)
{
    if (kind == CONFIG_WEBHOOK_SUBSCRIPTION_COUNT) {
        buffer_printf(out, ",\"subscription_count\":%.*s", BYTES_ARGS(text));
    } else if (text.len > 0) {
        buffer_append_text(out, ",\"user_id\":");
        jsonwrite_string(out, text);
    }
}

/* A dead node is counted out of channels of every kind; members are no count. */
static bool is_count_of_members(enum config_webhook_kind kind, struct bytes channel)
{
    return kind == CONFIG_WEBHOOK_SUBSCRIPTION_COUNT && channel_kind_of(channel).is_presence;
}

static void on_change(const struct cluster_changes_change *from, void *user)
{
    struct webhook_cluster *both = user;
    struct webhook_change_parts parts = {.app_id = from->key.app_id, .channel = from->key.name};
    struct webhook_change *change;
    enum config_webhook_kind kind;
    struct buffer members = {0};

    if (!kind_of(from->letter, &kind) || is_count_of_members(kind, from->key.name)) {
        cluster_change_done(both->cluster, from->link, from->id);
        return;
    }
    write_members(&members, kind, from->text);
    parts.members = buffer_bytes(&members);
    if (kind == CONFIG_WEBHOOK_MEMBER_ADDED || kind == CONFIG_WEBHOOK_MEMBER_REMOVED)
        parts.user_id = from->text;
    change = webhook_change_new(kind, &parts);
    change->owner = &both->owner;
    change->link = from->link;
    change->time_ms = from->time_ms;
    change->is_certain = from->is_certain;
    change->stream_id_at = (size_t)snprintf(change->id, sizeof change->id, "%zu-", from->link);
    snprintf(change->id + change->stream_id_at, sizeof change->id - change->stream_id_at, "%.*s",
             BYTES_ARGS(from->id));
    webhook_intake_put(webhook_intake(both->webhook), &change);
    buffer_deinit(&members);
}

static void on_lost(size_t link, void *user)
{
    struct webhook_cluster *both = user;

    webhook_intake_forget_link(webhook_intake(both->webhook), link);
}

static const struct cluster_changes_events changes_events = {
    .on_change = on_change,
    .on_lost = on_lost,
};

static void on_done(size_t link, struct bytes stream_id, void *user)
{
    cluster_change_done(user, link, stream_id);
}

void webhook_cluster_connect(struct webhook_cluster *both, struct webhook *webhook,
                             struct cluster *cluster)
{
    *both = (struct webhook_cluster){webhook, cluster, {on_done, cluster}};
    cluster_take_changes(cluster, &changes_events, both);
}

/* --- what is wanted ------------------------------------------------------------------------- */

static void append_part(struct buffer *out, struct bytes part)
{
    const uint32_t len = (uint32_t)part.len;

    buffer_append(out, &len, sizeof len);
    buffer_append_bytes(out, part);
}

/* Coming and going are wanted both if one of them is: one cancels the other. */
static unsigned with_opposites(unsigned kinds)
{
    const unsigned occupancy = BIT(CHANNEL_OCCUPIED) | BIT(CHANNEL_VACATED);
    const unsigned members = BIT(MEMBER_ADDED) | BIT(MEMBER_REMOVED);

    return kinds | (kinds & occupancy ? occupancy : 0) | (kinds & members ? members : 0);
}

static void append_app(struct buffer *out, const struct config_app *app)
{
    struct buffer wanted = {0};
    unsigned kinds = 0;

    for (size_t i = 0; i < app->webhooks_count; i++)
        kinds |= with_opposites(app->webhooks[i].kinds);
    for (unsigned i = 0; i < CONFIG_WEBHOOK_KINDS_COUNT; i++)
        if (kinds >> i & 1 && letters[i] != 0)
            buffer_append_char(&wanted, letters[i]);
    if (wanted.len > 0) {
        append_part(out, bytes_of(app->id));
        append_part(out, buffer_bytes(&wanted));
    }
    buffer_deinit(&wanted);
}

void webhook_cluster_want(struct webhook_cluster *both, const struct config *config)
{
    struct buffer wanted = {0};

    if (both->cluster == NULL)
        return;
    for (size_t i = 0; i < config->apps_count; i++)
        append_app(&wanted, &config->apps[i]);
    cluster_want_changes(both->cluster, buffer_bytes(&wanted));
    buffer_deinit(&wanted);
}
