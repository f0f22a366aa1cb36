#include "cluster/changes.h"

#include "cluster/redis.h"
#include "support/unit.h"

#define PARTS_MAX 16

static struct buffer seen;
static bool last_is_certain;     /* what was reported, a word each */
static const char *known_number; /* the last question that Redis knows */

static void on_change(const struct cluster_changes_change *change, void *user)
{
    (void)user;
    last_is_certain = change->is_certain;
    assert_int_equal(change->link, 5);
    buffer_printf(&seen, "%c:%.*s:%.*s@%llu ", change->letter, BYTES_ARGS(change->key.name),
                  BYTES_ARGS(change->text), (unsigned long long)change->time_ms);
}

static void on_lost(size_t link, void *user)
{
    (void)user;
    buffer_printf(&seen, "lost %zu ", link);
}

static const struct cluster_changes_events events = {.on_change = on_change, .on_lost = on_lost};

static void open_changes(struct cluster_changes *changes)
{
    buffer_clear(&seen);
    known_number = "0";
    cluster_changes_init(changes, 5, 100);
    changes->events = &events;
}

/* "o" and the key c3:app:news, with a text: each part after its length. */
static void write_change(struct buffer *out, char letter, const char *text)
{
    const char *parts[] = {"c3:app:news", text};

    buffer_append_char(out, letter);
    for (size_t i = 0; i < 2; i++) {
        const uint32_t len = (uint32_t)strlen(parts[i]);

        buffer_append(out, &len, sizeof len);
        buffer_append_text(out, parts[i]);
    }
}

/* An answer of the script: OK, whether this node takes them, whether any are wanted, the last
 * question that Redis knows, then ids, each of a member's coming ("a"). */
static void answer(struct cluster_changes *changes, uint64_t now_ms, const char *leads,
                   const char *wanted, const char *ids)
{
    redisReply texts[PARTS_MAX] = {0};
    redisReply *elements[PARTS_MAX];
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .element = elements};
    struct bytes rest = bytes_of(ids);
    struct buffer change = {0};
    struct bytes id;

    write_change(&change, 'a', "ann");
    for (size_t i = 0; i < PARTS_MAX; i++) {
        texts[i].type = REDIS_REPLY_STRING;
        elements[i] = &texts[i];
    }
    texts[0].str = (char *)(uintptr_t) "OK";
    texts[1].str = (char *)(uintptr_t)leads;
    texts[2].str = (char *)(uintptr_t)wanted;
    texts[3].str = (char *)(uintptr_t)known_number;
    for (reply.elements = 0; reply.elements < 4; reply.elements++)
        texts[reply.elements].len = strlen(texts[reply.elements].str);
    while (rest.len > 0 && bytes_next(&rest, ' ', &id)) {
        texts[reply.elements].str = (char *)(uintptr_t)id.data;
        texts[reply.elements++].len = id.len;
        texts[reply.elements].str = change.data;
        texts[reply.elements++].len = change.len;
    }
    cluster_changes_take(changes, &reply, now_ms);
    buffer_deinit(&change);
}

/* Asks, and compares what the operation's arguments are. */
static void check_question(struct cluster_changes *changes, uint64_t now_ms, const char *should)
{
    struct cluster_batch batch = {.sha = "sha", .prefix = "p", .node = "n.1"};
    const char *operation;
    struct buffer words = {0};
    struct bytes rest;
    struct bytes line;
    bool is_argument = false;

    assert_true(cluster_changes_is_due(changes, now_ms));
    cluster_changes_ask(changes, &batch, now_ms);
    assert_false(cluster_changes_is_due(changes, now_ms));
    operation = strstr(buffer_text(&batch.command.arguments), "\r\nI\r\n");
    assert_non_null(operation);
    rest = bytes_of(operation + 5);
    while (rest.len > 0 && bytes_next(&rest, '\n', &line)) {
        if (is_argument)
            buffer_printf(&words, "[%.*s]", (int)line.len - 1, line.data);
        is_argument = !is_argument;
    }
    assert_bytes_equal(buffer_bytes(&words), bytes_of(should));
    buffer_deinit(&words);
    cluster_batch_deinit(&batch);
}

static void nothing_is_asked_before_anything_is_wanted(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    assert_false(cluster_changes_is_due(&changes, 1000));
    cluster_changes_want(&changes, BYTES(""));
    assert_false(cluster_changes_is_due(&changes, 1000));
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    cluster_changes_deinit(&changes);
}

static void changes_are_reported_once_and_removed_when_they_are_done(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1001, "1", "1", "7-0 8-0");
    assert_true(cluster_changes_are_taken(&changes));
    assert_text(buffer_bytes(&seen), "a:news:ann@7 a:news:ann@8 ");
    cluster_changes_done(&changes, BYTES("8-0"));
    cluster_changes_done(&changes, BYTES("9-9")); /* none of ours */
    check_question(&changes, 2000, "[8-0][8-0 ][-][2]");
    cluster_changes_restart(
        &changes); /* no answer comes: all is read again, and reported no more */
    check_question(&changes, 2001, "[0][8-0 ][w][3]");
    answer(&changes, 2002, "1", "1", "7-0");
    assert_text(buffer_bytes(&seen), "a:news:ann@7 a:news:ann@8 ");
    cluster_changes_deinit(&changes);
}

static void another_node_takes_them_and_what_is_known_is_forgotten(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1000, "1", "1", "7-0");
    check_question(&changes, 2000, "[7-0][][-][2]");
    answer(&changes, 2000, "0", "", "");
    assert_false(cluster_changes_are_taken(&changes));
    assert_text(buffer_bytes(&seen), "a:news:ann@7 lost 5 ");
    assert_false(cluster_changes_is_due(&changes, 2500));
    check_question(&changes, 3000, "[0][][w][3]");
    answer(&changes, 3000, "1", "0", "7-0"); /* Redis has forgotten what is wanted */
    assert_text(buffer_bytes(&seen), "a:news:ann@7 lost 5 a:news:ann@7 ");
    check_question(&changes, 4000, "[7-0][][w][4]");
    cluster_changes_deinit(&changes);
}

/* Another node may have sent it before it died. */
static void all_that_is_known_is_forgotten_however_it_lies(void **state)
{
    struct cluster_changes changes;
    struct buffer ids = {0};

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < 9; i++) {
            buffer_clear(&ids);
            buffer_printf(&ids, "%u-%u", 1000 + round, i);
            buffer_clear(&seen);
            answer(&changes, 0, "1", "1", buffer_text(&ids));
            assert_non_null(strstr(buffer_text(&seen), "a:news:ann@"));
        }
        answer(&changes, 0, "0", "", "");
        assert_int_equal(changes.known.count, 0);
    }
    buffer_deinit(&ids);
    cluster_changes_deinit(&changes);
}

static void what_is_there_when_a_node_begins_is_left_by_another(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1000, "1", "1", "7-0");
    assert_true(last_is_certain);
    check_question(&changes, 2000, "[7-0][][-][2]");
    answer(&changes, 2000, "1", "1", "8-0");
    assert_false(last_is_certain);
    cluster_changes_deinit(&changes);
}

static void a_node_that_gets_no_answer_stops_before_another_begins(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1000, "1", "1", "");
    check_question(&changes, 1200, "[0][][-][2]");
    cluster_changes_is_due(&changes, 1000 + CLUSTER_CHANGES_TTL_MS - 1001);
    assert_true(cluster_changes_are_taken(&changes));
    cluster_changes_is_due(&changes, 1000 + CLUSTER_CHANGES_TTL_MS - 1000);
    assert_false(cluster_changes_are_taken(&changes));
    assert_text(buffer_bytes(&seen), "lost 5 ");
    cluster_changes_deinit(&changes);
}

/* What is compared, a word each: letter, member, and "?" if it may not have been told. */
static void check_compared(struct cluster_changes *changes, const char *should)
{
    struct cluster_batch batch = {.sha = "sha", .prefix = "p", .node = "n.1"};
    struct buffer words = {0};
    const char *at;

    assert_int_equal(cluster_changes_compare(changes, &batch), *should != '\0');
    at = buffer_text(&batch.command.arguments);
    while ((at = strstr(at, "\r\nP\r\n$1\r\n")) != NULL) {
        const char *key_end = strstr(at, "c3:app:news\r\n$");

        buffer_append_char(&words, at[9]);
        at = strchr(key_end + 15, '\n') + 1;
        buffer_printf(&words, ":%.*s ", (int)(strchr(at, '\r') - at), at);
        if (strncmp(strchr(at, '\n') + 1, "$1\r\n?", 5) == 0)
            buffer_append_text(&words, "? ");
    }
    assert_bytes_equal(buffer_bytes(&words), bytes_of(should));
    buffer_deinit(&words);
    cluster_batch_deinit(&batch);
}

static void what_was_told_is_compared_if_redis_is_behind(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1000, "1", "1", "7-0");
    cluster_changes_done(&changes, BYTES("7-0"));
    check_question(&changes, 2000, "[7-0][7-0 ][-][2]");
    answer(&changes, 2000, "1", "1", "");
    check_compared(&changes, "");
    cluster_changes_restart(&changes);
    check_compared(&changes, "");
    check_question(&changes, 2100, "[0][][w][3]");
    known_number = "2";
    answer(&changes, 2100, "1", "1", "");
    check_compared(&changes, "");
    cluster_changes_restart(&changes);
    check_question(&changes, 2200, "[0][][w][4]");
    answer(&changes, 2200, "1", "1", ""); /* the third was answered */
    check_compared(&changes, "a:ann ");
    check_compared(&changes, ""); /* one call at a time */
    cluster_changes_restart(&changes);
    check_question(&changes, 2300, "[0][][w][5]");
    known_number = "4";
    answer(&changes, 2300, "1", "1", "");
    check_compared(&changes, "a:ann "); /* the answer did not come */
    cluster_changes_compared(&changes, 2400);
    check_compared(&changes, "");
    cluster_changes_deinit(&changes);
}

static void what_another_node_sends_now_is_compared_if_it_was_on_its_way(void **state)
{
    struct cluster_changes changes;

    (void)state;
    open_changes(&changes);
    cluster_changes_want(&changes, BYTES("w"));
    check_question(&changes, 1000, "[0][][w][1]");
    answer(&changes, 1000, "1", "1", "7-0");
    check_question(&changes, 2000, "[7-0][][-][2]");
    answer(&changes, 2000, "0", "1", "");
    check_compared(&changes, "a:ann ? ");
    cluster_changes_compared(&changes, 2100);
    assert_int_equal(changes.told.places.count, 0);
    cluster_changes_deinit(&changes);
}

static int deinit(void **state)
{
    (void)state;
    buffer_deinit(&seen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_before_anything_is_wanted),
        cmocka_unit_test(changes_are_reported_once_and_removed_when_they_are_done),
        cmocka_unit_test(another_node_takes_them_and_what_is_known_is_forgotten),
        cmocka_unit_test(all_that_is_known_is_forgotten_however_it_lies),
        cmocka_unit_test(what_is_there_when_a_node_begins_is_left_by_another),
        cmocka_unit_test(a_node_that_gets_no_answer_stops_before_another_begins),
        cmocka_unit_test(what_was_told_is_compared_if_redis_is_behind),
        cmocka_unit_test(what_another_node_sends_now_is_compared_if_it_was_on_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, deinit);
}
