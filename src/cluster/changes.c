#include "cluster/changes.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "cluster/redis.h"

#include <stdio.h>
#include <stdlib.h>

#define LEADER_EACH_MS 200
#define OTHERS_EACH_MS 1000
/* Before Redis gives the changes to another node this one has stopped. */
#define SAFETY_MS 1000
/* Ids removed in one call. */
#define REMOVING_BYTES_MAX 16384
/* As many as scripts/apply reads at once. */
#define PAGE_COUNT 500
/* Elements of an answer in front of the changes. */
#define HEAD_COUNT 4
/* Compared in one call. */
#define COMPARED_MAX 200

struct known {
    struct map_entry entry;
    struct cluster_told_place *place; /* it was told of; NULL: none, or it is done */
    uint32_t id_len;
    char id[];
};

void cluster_changes_init(struct cluster_changes *changes, size_t link, size_t told_max)
{
    *changes = (struct cluster_changes){.link = link, .last = "0"};
    CHECK(pthread_mutex_init(&changes->lock, NULL) == 0);
    cluster_told_init(&changes->told, told_max);
}

static void free_known(struct map_entry *entry)
{
    free(LIST_OWNER(entry, struct known, entry));
}

static void forget_known(struct cluster_changes *changes)
{
    map_deinit_each(&changes->known, free_known);
}

void cluster_changes_deinit(struct cluster_changes *changes)
{
    forget_known(changes);
    cluster_told_deinit(&changes->told);
    buffer_deinit(&changes->wanted);
    buffer_deinit(&changes->newly_done);
    buffer_deinit(&changes->removing);
    pthread_mutex_destroy(&changes->lock);
}

static struct known *find(const struct cluster_changes *changes, struct bytes id)
{
    const uint64_t hash = hash_bytes(id);

    for (struct map_entry *at = map_first(&changes->known, hash); at != NULL;
         at = map_next(at, hash)) {
        struct known *known = LIST_OWNER(at, struct known, entry);

        if (bytes_equal((struct bytes){known->id, known->id_len}, id))
            return known;
    }
    return NULL;
}

static struct known *add(struct cluster_changes *changes, struct bytes id)
{
    struct known *known = mem_new(sizeof *known + id.len);

    known->id_len = (uint32_t)id.len;
    memcpy(known->id, id.data, id.len);
    map_add(&changes->known, &known->entry, hash_bytes(id));
    return known;
}

/* --- any thread ----------------------------------------------------------------------------- */

void cluster_changes_want(struct cluster_changes *changes, struct bytes wanted)
{
    pthread_mutex_lock(&changes->lock);
    buffer_clear(&changes->wanted);
    buffer_append_bytes(&changes->wanted, wanted);
    changes->is_announced = false;
    pthread_mutex_unlock(&changes->lock);
    if (wanted.len > 0)
        atomic_store(&changes->follows, true);
}

void cluster_changes_done(struct cluster_changes *changes, struct bytes id)
{
    pthread_mutex_lock(&changes->lock);
    buffer_append_bytes(&changes->newly_done, id);
    buffer_append_char(&changes->newly_done, ' ');
    pthread_mutex_unlock(&changes->lock);
}

/* --- joining --------------------------------------------------------------------------------- */

void cluster_changes_announce(struct cluster_changes *changes, struct cluster_batch *batch)
{
    pthread_mutex_lock(&changes->lock);
    if (changes->wanted.len > 0)
        cluster_batch_want_changes(batch, buffer_bytes(&changes->wanted));
    pthread_mutex_unlock(&changes->lock);
}

/* --- the question ---------------------------------------------------------------------------- */

static void lose(struct cluster_changes *changes, uint64_t now_ms)
{
    if (changes->is_leader)
        changes->events->on_lost(changes->link, changes->user);
    changes->is_leader = false;
    changes->is_catching_up = false;
    forget_known(changes);
    cluster_told_suspect_pending(&changes->told, now_ms);
    buffer_clear(&changes->removing);
    changes->removing_sent = 0;
    snprintf(changes->last, sizeof changes->last, "0");
}

bool cluster_changes_is_due(struct cluster_changes *changes, uint64_t now_ms)
{
    if (changes->events == NULL)
        return false;
    if (changes->is_leader && now_ms >= changes->confirmed_ms + CLUSTER_CHANGES_TTL_MS - SAFETY_MS)
        lose(changes, now_ms);
    return atomic_load(&changes->follows) && !changes->is_pending && now_ms >= changes->due_ms;
}

bool cluster_changes_are_taken(const struct cluster_changes *changes)
{
    return changes->is_leader;
}

/* Moves the ids that are done to those that are to be removed; an id of another node's time is
 * none of ours. */
static void take_done(struct cluster_changes *changes, uint64_t now_ms)
{
    struct buffer done;
    struct known *known;
    struct bytes rest;
    struct bytes id;

    pthread_mutex_lock(&changes->lock);
    done = changes->newly_done;
    changes->newly_done = (struct buffer){0};
    pthread_mutex_unlock(&changes->lock);
    rest = buffer_bytes(&done);
    while (rest.len > 0 && bytes_next(&rest, ' ', &id)) {
        known = id.len > 0 ? find(changes, id) : NULL;
        if (known == NULL)
            continue;
        if (known->place != NULL)
            cluster_told_done(&changes->told, known->place, now_ms);
        known->place = NULL;
        buffer_append_bytes(&changes->removing, id);
        buffer_append_char(&changes->removing, ' ');
    }
    buffer_deinit(&done);
}

/* As many whole ids as fit into one call. */
static struct bytes ids_to_remove(const struct cluster_changes *changes)
{
    struct bytes ids = buffer_bytes(&changes->removing);

    if (ids.len <= REMOVING_BYTES_MAX)
        return ids;
    ids.len = REMOVING_BYTES_MAX;
    while (ids.data[ids.len - 1] != ' ')
        ids.len--;
    return ids;
}

void cluster_changes_ask(struct cluster_changes *changes, struct cluster_batch *batch,
                         uint64_t now_ms)
{
    struct bytes ids;

    take_done(changes, now_ms);
    ids = ids_to_remove(changes);
    changes->removing_sent = ids.len;
    changes->is_pending = true;
    changes->asked_ms = now_ms;
    pthread_mutex_lock(&changes->lock);
    cluster_batch_changes(batch, bytes_of(changes->last), ids,
                          changes->is_announced && changes->wanted.len > 0
                              ? BYTES("-")
                              : buffer_bytes(&changes->wanted),
                          ++changes->asked_number);
    changes->is_announced = true;
    pthread_mutex_unlock(&changes->lock);
}

/* --- the answer ----------------------------------------------------------------------------- */

static void note_removed(struct cluster_changes *changes)
{
    struct bytes rest = {changes->removing.data, changes->removing_sent};
    struct bytes id;

    while (rest.len > 0 && bytes_next(&rest, ' ', &id)) {
        struct known *known = find(changes, id);

        if (known == NULL)
            continue;
        map_remove(&changes->known, &known->entry);
        free(known);
    }
    buffer_consume(&changes->removing, changes->removing_sent);
    changes->removing_sent = 0;
}

static bool read_part(struct bytes *rest, struct bytes *part)
{
    uint32_t len;

    if (rest->len < sizeof len)
        return false;
    memcpy(&len, rest->data, sizeof len); /* little-endian, as all processors here are */
    if (rest->len - sizeof len < len)
        return false;
    *part = (struct bytes){rest->data + sizeof len, len};
    *rest = bytes_from(*rest, sizeof len + len);
    return true;
}

/* A letter, the key, a text; then "!" if receivers may believe either. */
static bool read_change(struct bytes text, struct cluster_changes_change *change, struct bytes *key)
{
    struct bytes rest = bytes_from(text, 1);
    struct bytes mark;

    if (text.len == 0 || !read_part(&rest, key) || !read_part(&rest, &change->text))
        return false;
    change->letter = text.data[0];
    change->is_certain |= read_part(&rest, &mark) && bytes_equal(mark, BYTES("!"));
    return cluster_key_read(*key, &change->key);
}

static void take_one(struct cluster_changes *changes, struct bytes id, struct bytes text,
                     uint64_t now_ms)
{
    struct cluster_changes_change change = {
        .link = changes->link, .id = id, .is_certain = changes->is_catching_up};
    struct known *known;
    struct bytes rest = id;
    struct bytes time;
    struct bytes key;

    snprintf(changes->last, sizeof changes->last, "%.*s", BYTES_ARGS(id));
    if (find(changes, id) != NULL)
        return;
    known = add(changes, id);
    if (!bytes_next(&rest, '-', &time) || !bytes_to_number(time, UINT64_MAX, &change.time_ms) ||
        !read_change(text, &change, &key)) {
        cluster_changes_done(changes, id);
        return;
    }
    known->place = cluster_told_hand_over(&changes->told, change.letter, key, change.text, now_ms);
    changes->events->on_change(&change, changes->user);
}

static bool is_text(const redisReply *answer, size_t index, const char *text)
{
    return index < answer->elements && cluster_redis_is_text(answer->element[index]) &&
           bytes_equal(cluster_redis_text(answer->element[index]), bytes_of(text));
}

/* After a restart: has Redis all that this node was given before, and so all that it told? */
static void check_continued(struct cluster_changes *changes, const redisReply *answer,
                            uint64_t now_ms)
{
    uint64_t number = 0;

    if (changes->is_continued)
        return;
    changes->is_continued = true;
    if (answer->elements >= HEAD_COUNT)
        bytes_to_number(cluster_redis_text(answer->element[HEAD_COUNT - 1]), UINT64_MAX, &number);
    if (number < changes->answered_number)
        cluster_told_suspect_all(&changes->told, now_ms);
}

/* ["OK", whether this node takes them, whether Redis knows what is wanted, the number of this
 * node's last question that Redis knows, id, change, …] */
void cluster_changes_take(struct cluster_changes *changes, const redisReply *answer,
                          uint64_t now_ms)
{
    bool is_full;

    changes->is_pending = false;
    check_continued(changes, answer, now_ms);
    if (!is_text(answer, 1, "1")) {
        lose(changes, now_ms);
        cluster_told_forget(&changes->told);
        changes->due_ms = now_ms + OTHERS_EACH_MS;
        pthread_mutex_lock(&changes->lock);
        changes->is_announced = false;
        pthread_mutex_unlock(&changes->lock);
        return;
    }
    changes->is_catching_up = changes->is_catching_up || !changes->is_leader;
    changes->is_leader = true;
    changes->confirmed_ms = changes->asked_ms;
    changes->answered_number = changes->asked_number;
    note_removed(changes);
    if (!is_text(answer, 2, "1")) {
        pthread_mutex_lock(&changes->lock);
        changes->is_announced = changes->wanted.len == 0;
        pthread_mutex_unlock(&changes->lock);
    }
    for (size_t i = HEAD_COUNT; i + 1 < answer->elements; i += 2)
        take_one(changes, cluster_redis_text(answer->element[i]),
                 cluster_redis_text(answer->element[i + 1]), now_ms);
    is_full = answer->elements >= HEAD_COUNT + (size_t)2 * PAGE_COUNT;
    changes->is_catching_up = changes->is_catching_up && is_full;
    changes->due_ms = is_full ? now_ms : now_ms + LEADER_EACH_MS;
}

/* --- what was told -------------------------------------------------------------------------- */

void cluster_changes_left(struct cluster_changes *changes, char letter, struct bytes key,
                          struct bytes member, bool is_linked, uint64_t now_ms)
{
    if (key.data[0] == CLUSTER_KEY_CHANNEL && atomic_load(&changes->follows))
        cluster_told_left(&changes->told, letter, key, member, is_linked, now_ms);
}

void cluster_changes_joined(struct cluster_changes *changes, bool is_empty, uint64_t now_ms)
{
    cluster_told_joined(&changes->told, is_empty, now_ms);
}

bool cluster_changes_compare(struct cluster_changes *changes, struct cluster_batch *batch)
{
    struct cluster_told_place *place = cluster_told_next_suspect(&changes->told, NULL);
    size_t count = 0;

    if (place == NULL || !changes->is_continued || changes->is_comparing)
        return false;
    changes->is_comparing = true;
    for (; place != NULL && count < COMPARED_MAX; count++) {
        place->is_comparing = true;
        cluster_batch_compare(batch, place->letter, cluster_told_key(place),
                              cluster_told_member(place), place->is_unsure);
        place = cluster_told_next_suspect(&changes->told, place);
    }
    return true;
}

void cluster_changes_compared(struct cluster_changes *changes, uint64_t now_ms)
{
    cluster_told_compared(&changes->told, now_ms);
    changes->is_comparing = false;
    if (!changes->is_leader)
        cluster_told_forget(&changes->told);
}

void cluster_changes_restart(struct cluster_changes *changes)
{
    changes->is_pending = false;
    changes->removing_sent = 0;
    changes->is_continued = false;
    changes->is_comparing = false;
    cluster_told_not_compared(&changes->told);
    changes->due_ms = 0;
    snprintf(changes->last, sizeof changes->last, "0");
    pthread_mutex_lock(&changes->lock);
    changes->is_announced = false;
    pthread_mutex_unlock(&changes->lock);
}
