#include "cluster/told.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

/* No replica is behind for longer, and no second master goes on for longer. */
#define ABSENT_MS 120000
/* Who left longer ago was told so before the link was lost. */
#define LEFT_MS 10000
/* Of the other states' limit: Redis may be lost several times before it has compared. */
#define SUSPECTS_FACTOR 4

static struct cluster_told_place *place_of(struct list *link)
{
    return LIST_OWNER(link, struct cluster_told_place, link);
}

void cluster_told_init(struct cluster_told *told, size_t count_max)
{
    *told = (struct cluster_told){.count_max = count_max};
    for (size_t i = 0; i < CLUSTER_TOLD_STATES_COUNT; i++)
        list_init(&told->lists[i]);
}

static void begin(struct cluster_told *told, struct cluster_told_place *place,
                  enum cluster_told_state state, uint64_t now_ms)
{
    place->state = state;
    place->since_ms = now_ms;
    list_append(&told->lists[state], &place->link);
    told->counts[state]++;
}

static void end(struct cluster_told *told, struct cluster_told_place *place)
{
    list_remove(&place->link);
    told->counts[place->state]--;
}

static void forget(struct cluster_told *told, struct cluster_told_place *place)
{
    CHECK(place->handed == 0);
    end(told, place);
    map_remove(&told->places, &place->entry);
    free(place);
}

void cluster_told_deinit(struct cluster_told *told)
{
    for (size_t i = 0; i < CLUSTER_TOLD_STATES_COUNT; i++) {
        LIST_EACH(at, following, &told->lists[i]) {
            free(place_of(at));
        }
    }
    map_deinit(&told->places);
}

struct bytes cluster_told_key(const struct cluster_told_place *place)
{
    return (struct bytes){place->texts, place->key_len};
}

struct bytes cluster_told_member(const struct cluster_told_place *place)
{
    return (struct bytes){place->texts + place->key_len, place->member_len};
}

/* --- states --------------------------------------------------------------------------------- */

static bool is_of_member(char letter)
{
    return letter == 'a' || letter == 'r';
}

/* What a place is, whether it comes or goes. */
static char class_of(char letter)
{
    if (letter == 'c')
        return 'c';
    return is_of_member(letter) ? 'a' : 'o';
}

static bool is_coming(char letter)
{
    return letter == 'o' || letter == 'a';
}

/* What is remembered of the past is bounded, by number and by time. */
static void forget_oldest(struct cluster_told *told, uint64_t now_ms)
{
    struct list *absent = &told->lists[CLUSTER_TOLD_ABSENT];

    while (told->counts[CLUSTER_TOLD_SUSPECT] > SUSPECTS_FACTOR * told->count_max &&
           place_of(told->lists[CLUSTER_TOLD_SUSPECT].next)->handed == 0)
        forget(told, place_of(told->lists[CLUSTER_TOLD_SUSPECT].next));
    while (told->counts[CLUSTER_TOLD_PRESENT] > told->count_max)
        forget(told, place_of(told->lists[CLUSTER_TOLD_PRESENT].next));
    while (told->counts[CLUSTER_TOLD_ABSENT] > told->count_max ||
           (!list_is_empty(absent) && place_of(absent->next)->since_ms + ABSENT_MS <= now_ms))
        forget(told, place_of(absent->next));
}

static void enter(struct cluster_told *told, struct cluster_told_place *place,
                  enum cluster_told_state state, uint64_t now_ms)
{
    end(told, place);
    begin(told, place, state, now_ms);
}

/* What is known of it once nothing is suspect any more. */
static enum cluster_told_state known_state(const struct cluster_told_place *place)
{
    if (place->handed > 0)
        return CLUSTER_TOLD_PENDING;
    return is_coming(place->letter) ? CLUSTER_TOLD_PRESENT : CLUSTER_TOLD_ABSENT;
}

/* --- changes -------------------------------------------------------------------------------- */

static uint64_t hash_of(char letter, struct bytes key, struct bytes member)
{
    return hash_pair(hash_bytes(key), hash_bytes(member) + (unsigned char)class_of(letter));
}

static struct cluster_told_place *find(const struct cluster_told *told, char letter,
                                       struct bytes key, struct bytes member)
{
    const uint64_t hash = hash_of(letter, key, member);

    for (struct map_entry *at = map_first(&told->places, hash); at != NULL;
         at = map_next(at, hash)) {
        struct cluster_told_place *place = LIST_OWNER(at, struct cluster_told_place, entry);

        if (class_of(place->letter) == class_of(letter) &&
            bytes_equal(cluster_told_key(place), key) &&
            bytes_equal(cluster_told_member(place), member))
            return place;
    }
    return NULL;
}

static struct cluster_told_place *add(struct cluster_told *told, char letter, struct bytes key,
                                      struct bytes member, enum cluster_told_state state,
                                      uint64_t now_ms)
{
    struct cluster_told_place *place = mem_new(sizeof *place + key.len + member.len);

    place->letter = letter;
    place->key_len = key.len;
    place->member_len = member.len;
    memcpy(place->texts, key.data, key.len);
    if (member.len > 0)
        memcpy(place->texts + key.len, member.data, member.len);
    begin(told, place, state, now_ms);
    map_add(&told->places, &place->entry, hash_of(letter, key, member));
    return place;
}

struct cluster_told_place *cluster_told_hand_over(struct cluster_told *told, char letter,
                                                  struct bytes key, struct bytes text,
                                                  uint64_t now_ms)
{
    const struct bytes member = is_of_member(letter) ? text : BYTES("");
    struct cluster_told_place *place = find(told, letter, key, member);

    if (place == NULL)
        place = add(told, letter, key, member, CLUSTER_TOLD_PENDING, now_ms);
    place->letter = letter;
    place->handed++;
    if (place->state == CLUSTER_TOLD_SUSPECT)
        place->is_unsure = true;
    else
        enter(told, place, CLUSTER_TOLD_PENDING, now_ms);
    return place;
}

void cluster_told_done(struct cluster_told *told, struct cluster_told_place *place, uint64_t now_ms)
{
    CHECK(place->handed > 0);
    place->handed--;
    if (place->state == CLUSTER_TOLD_PENDING)
        enter(told, place, known_state(place), now_ms);
    forget_oldest(told, now_ms);
}

/* --- doubt ---------------------------------------------------------------------------------- */

static void suspect(struct cluster_told *told, enum cluster_told_state state, uint64_t now_ms)
{
    struct list *suspects = &told->lists[CLUSTER_TOLD_SUSPECT];

    LIST_EACH(at, following, &told->lists[state]) {
        struct cluster_told_place *place = place_of(at);

        place->is_unsure = state == CLUSTER_TOLD_PENDING;
        place->is_comparing = false;
        enter(told, place, CLUSTER_TOLD_SUSPECT, now_ms);
        if (is_of_member(place->letter)) {
            list_remove(at);
            list_append(suspects->next, at); /* in front of the first */
        }
    }
}

void cluster_told_suspect_pending(struct cluster_told *told, uint64_t now_ms)
{
    suspect(told, CLUSTER_TOLD_PENDING, now_ms);
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_SUSPECT]) {
        place_of(at)->handed = 0;
    }
}

void cluster_told_suspect_all(struct cluster_told *told, uint64_t now_ms)
{
    forget_oldest(told, now_ms);
    suspect(told, CLUSTER_TOLD_PENDING, now_ms);
    suspect(told, CLUSTER_TOLD_PRESENT, now_ms);
    suspect(told, CLUSTER_TOLD_ABSENT, now_ms);
}

void cluster_told_left(struct cluster_told *told, char letter, struct bytes key,
                       struct bytes member, bool is_linked, uint64_t now_ms)
{
    struct list *left = &told->lists[CLUSTER_TOLD_LEFT];
    struct cluster_told_place *place = find(told, letter, key, member);

    if (place == NULL)
        add(told, letter, key, member, CLUSTER_TOLD_LEFT, now_ms);
    else if (place->state == CLUSTER_TOLD_LEFT)
        enter(told, place, CLUSTER_TOLD_LEFT, now_ms);
    while (
        told->counts[CLUSTER_TOLD_LEFT] > told->count_max ||
        (is_linked && !list_is_empty(left) && place_of(left->next)->since_ms + LEFT_MS <= now_ms))
        forget(told, place_of(left->next));
}

void cluster_told_joined(struct cluster_told *told, bool is_empty, uint64_t now_ms)
{
    if (is_empty) {
        suspect(told, CLUSTER_TOLD_LEFT, now_ms);
        return;
    }
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_LEFT]) {
        forget(told, place_of(at));
    }
}

void cluster_told_forget(struct cluster_told *told)
{
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_PRESENT]) {
        forget(told, place_of(at));
    }
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_ABSENT]) {
        forget(told, place_of(at));
    }
}

struct cluster_told_place *cluster_told_next_suspect(const struct cluster_told *told,
                                                     const struct cluster_told_place *place)
{
    const struct list *suspects = &told->lists[CLUSTER_TOLD_SUSPECT];
    struct list *next = place == NULL ? suspects->next : place->link.next;

    return next == suspects ? NULL : place_of(next);
}

void cluster_told_compared(struct cluster_told *told, uint64_t now_ms)
{
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_SUSPECT]) {
        struct cluster_told_place *place = place_of(at);

        if (!place->is_comparing)
            continue;
        place->is_comparing = false;
        place->is_unsure = false;
        enter(told, place, known_state(place), now_ms);
    }
    forget_oldest(told, now_ms);
}

void cluster_told_not_compared(struct cluster_told *told)
{
    LIST_EACH(at, following, &told->lists[CLUSTER_TOLD_SUSPECT]) {
        place_of(at)->is_comparing = false;
    }
}
