#include "net/address_table.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <pthread.h>

#define STRIPES_COUNT 64
#define STRIPE_SHIFT (64 - 6)
#define IDLE_COUNT_MAX (NET_ADDRESS_TABLE_IDLE_MAX / STRIPES_COUNT)
/* An address that has been idle for so long has all of its rate again, and need not be known. */
#define FORGOTTEN_MS 1000
/* So many of those are forgotten at each look-up: more than one look-up can add. */
#define FORGET_COUNT_MAX 2
/* A rate is an allowance of so many parts a unit. */
#define PARTS 1000

struct entry {
    struct map_entry link;
    struct list idle; /* in the stripe's list, the oldest in front, if it has no connection */
    struct ip ip;
    uint64_t scope;
    uint64_t seen_ms;
    uint32_t connections_count;
    uint32_t connections_left; /* allowances, in parts */
    uint32_t requests_left;
};

struct stripe {
    pthread_mutex_t lock;
    struct map entries;
    struct list idle;
    size_t idle_count;
};

struct net_address_table {
    struct stripe stripes[STRIPES_COUNT];
};

struct net_address_table *net_address_table_new(void)
{
    struct net_address_table *table = mem_new(sizeof *table);

    for (size_t i = 0; i < STRIPES_COUNT; i++) {
        CHECK(pthread_mutex_init(&table->stripes[i].lock, NULL) == 0);
        list_init(&table->stripes[i].idle);
    }
    return table;
}

static void forget(struct stripe *stripe, struct entry *entry)
{
    list_remove(&entry->idle);
    stripe->idle_count--;
    map_remove(&stripe->entries, &entry->link);
    free(entry);
}

void net_address_table_free(struct net_address_table *table)
{
    for (size_t i = 0; table != NULL && i < STRIPES_COUNT; i++) {
        struct stripe *stripe = &table->stripes[i];

        while (!list_is_empty(&stripe->idle))
            forget(stripe, LIST_OWNER(stripe->idle.next, struct entry, idle));
        CHECK(stripe->entries.count == 0); /* all connections are closed */
        map_deinit(&stripe->entries);
        pthread_mutex_destroy(&stripe->lock);
    }
    free(table);
}

/* --- one entry ------------------------------------------------------------------------------- */

/* The address as a limit sees it, and its app. */
struct key {
    struct ip ip;
    uint64_t scope;
    uint64_t hash;
};

static struct key key_of(const struct ip *ip, uint64_t scope)
{
    struct {
        struct ip ip;
        uint64_t scope;
    } whole = {ip_network(ip), scope};

    return (struct key){whole.ip, scope,
                        hash_bytes((struct bytes){(const char *)&whole, sizeof whole})};
}

/* By other bits of the hash than those that choose the map's bucket. */
static struct stripe *stripe_of(struct net_address_table *table, const struct key *key)
{
    return &table->stripes[key->hash >> STRIPE_SHIFT];
}

static struct entry *find(const struct stripe *stripe, const struct key *key)
{
    for (struct map_entry *at = map_first(&stripe->entries, key->hash); at != NULL;
         at = map_next(at, key->hash)) {
        struct entry *entry = LIST_OWNER(at, struct entry, link);

        if (entry->scope == key->scope && ip_equal(&entry->ip, &key->ip))
            return entry;
    }
    return NULL;
}

static void forget_old(struct stripe *stripe, uint64_t now_ms)
{
    for (int i = 0; i < FORGET_COUNT_MAX && !list_is_empty(&stripe->idle); i++) {
        struct entry *oldest = LIST_OWNER(stripe->idle.next, struct entry, idle);

        if (stripe->idle_count < IDLE_COUNT_MAX && now_ms < oldest->seen_ms + FORGOTTEN_MS)
            return;
        forget(stripe, oldest);
    }
}

static struct entry *add(struct stripe *stripe, const struct key *key, uint64_t now_ms,
                         const struct config_address_limits *limits)
{
    struct entry *entry;

    forget_old(stripe, now_ms);
    entry = mem_new(sizeof *entry);
    entry->ip = key->ip;
    entry->scope = key->scope;
    entry->seen_ms = now_ms;
    entry->connections_left = limits->connections_per_s * PARTS;
    entry->requests_left = limits->requests_per_s * PARTS;
    map_add(&stripe->entries, &entry->link, key->hash);
    list_append(&stripe->idle, &entry->idle);
    stripe->idle_count++;
    return entry;
}

static uint32_t refilled(uint32_t left, uint32_t per_s, uint64_t passed_ms)
{
    const uint64_t full = (uint64_t)per_s * PARTS;
    const uint64_t more = passed_ms >= 1000 ? full : passed_ms * per_s; /* a part is a ms */

    return (uint32_t)(left + more < full ? left + more : full);
}

static void refill(struct entry *entry, const struct config_address_limits *limits, uint64_t now_ms)
{
    /* The clocks of two workers differ by a turn of their loops. */
    const uint64_t passed_ms = now_ms > entry->seen_ms ? now_ms - entry->seen_ms : 0;

    entry->connections_left =
        refilled(entry->connections_left, limits->connections_per_s, passed_ms);
    entry->requests_left = refilled(entry->requests_left, limits->requests_per_s, passed_ms);
    entry->seen_ms += passed_ms;
}

/* The entry of that address, in a stripe that is locked; behind it, leave(). */
static struct entry *enter(struct net_address_table *table, const struct key *key,
                           const struct config_address_limits *limits, uint64_t now_ms)
{
    struct stripe *stripe = stripe_of(table, key);
    struct entry *entry;

    CHECK(pthread_mutex_lock(&stripe->lock) == 0);
    entry = find(stripe, key);
    if (entry == NULL)
        return add(stripe, key, now_ms, limits);
    refill(entry, limits, now_ms);
    if (entry->connections_count == 0) {
        list_remove(&entry->idle); /* the youngest from now on */
        list_append(&stripe->idle, &entry->idle);
    }
    return entry;
}

static void leave(struct net_address_table *table, const struct key *key)
{
    CHECK(pthread_mutex_unlock(&stripe_of(table, key)->lock) == 0);
}

/* --- what is counted ------------------------------------------------------------------------- */

static bool take(uint32_t *left, uint32_t per_s)
{
    if (per_s == 0)
        return true;
    if (*left < PARTS)
        return false;
    *left -= PARTS;
    return true;
}

bool net_address_table_take_connection(struct net_address_table *table, const struct ip *ip,
                                       uint64_t scope, const struct config_address_limits *limits,
                                       uint64_t now_ms)
{
    const struct key key = key_of(ip, scope);
    struct stripe *stripe = stripe_of(table, &key);
    struct entry *entry = enter(table, &key, limits, now_ms);
    const bool has_room =
        limits->connections_max == 0 || entry->connections_count < limits->connections_max;
    const bool is_taken = has_room && take(&entry->connections_left, limits->connections_per_s);

    if (is_taken && entry->connections_count++ == 0) {
        list_remove(&entry->idle);
        stripe->idle_count--;
    }
    leave(table, &key);
    return is_taken;
}

void net_address_table_give_connection(struct net_address_table *table, const struct ip *ip,
                                       uint64_t scope, uint64_t now_ms)
{
    const struct key key = key_of(ip, scope);
    struct stripe *stripe = stripe_of(table, &key);
    struct entry *entry;

    CHECK(pthread_mutex_lock(&stripe->lock) == 0);
    entry = find(stripe, &key);
    CHECK(entry != NULL && entry->connections_count > 0);
    if (--entry->connections_count == 0) {
        forget_old(stripe, now_ms);
        list_append(&stripe->idle, &entry->idle);
        stripe->idle_count++;
    }
    leave(table, &key);
}

bool net_address_table_take_request(struct net_address_table *table, const struct ip *ip,
                                    uint64_t scope, const struct config_address_limits *limits,
                                    uint64_t now_ms)
{
    const struct key key = key_of(ip, scope);
    bool is_taken;

    if (limits->requests_per_s == 0)
        return true;
    is_taken = take(&enter(table, &key, limits, now_ms)->requests_left, limits->requests_per_s);
    leave(table, &key);
    return is_taken;
}

size_t net_address_table_count(struct net_address_table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < STRIPES_COUNT; i++) {
        CHECK(pthread_mutex_lock(&table->stripes[i].lock) == 0);
        count += table->stripes[i].entries.count;
        CHECK(pthread_mutex_unlock(&table->stripes[i].lock) == 0);
    }
    return count;
}
