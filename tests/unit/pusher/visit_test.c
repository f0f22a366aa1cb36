#include "pusher/visit.h"

#include "base/mem.h"
#include "support/pusher_fixture.h"

struct counting_visit {
    struct pusher_visit visit;
    size_t *visited_count;
    int *ended; /* 1: completely, -1: not */
};

static struct pusher_fixture fixture;
static size_t visited_count;
static int ended;

static void count(struct pusher_visit *visit, struct pusher_session *session)
{
    (void)session;
    ++*LIST_OWNER(visit, struct counting_visit, visit)->visited_count;
}

static void note_end(struct pusher_visit *visit, bool is_complete)
{
    *LIST_OWNER(visit, struct counting_visit, visit)->ended = is_complete ? 1 : -1;
}

static void begin(void)
{
    struct counting_visit *counting = mem_new(sizeof *counting);

    visited_count = 0;
    ended = 0;
    counting->visited_count = &visited_count;
    counting->ended = &ended;
    counting->visit.worker = &fixture.worker;
    counting->visit.visit = count;
    counting->visit.on_end = note_end;
    pusher_visit_begin(&counting->visit);
}

/* A piece of the only job. */
static void run_a_piece(void)
{
    struct net_slices_job *job =
        LIST_OWNER(fixture.worker.slices.waiting.next, struct net_slices_job, link);

    net_slices_remove(job);
    if (!job->run(job))
        net_slices_add(&fixture.worker.slices, job);
}

static void one_session_is_visited_a_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        pusher_fixture_client(&fixture);
    begin();
    assert_int_equal(visited_count, 0);
    for (size_t n = 1; n <= 3; n++) {
        run_a_piece();
        assert_int_equal(visited_count, n);
        assert_int_equal(ended, 0);
    }
    run_a_piece();
    assert_int_equal(visited_count, 3);
    assert_int_equal(ended, 1);
}

static void who_is_over_or_has_come_meanwhile_is_not_visited(void **state)
{
    struct pusher_client *over;

    (void)state;
    pusher_fixture_client(&fixture);
    over = pusher_fixture_client(&fixture);
    begin();
    run_a_piece();
    pusher_session_end(pusher_fixture_session(&fixture, over));
    while (ended == 0)
        run_a_piece();
    assert_int_equal(visited_count, 1);
    begin();
    pusher_fixture_client(&fixture); /* its turns visit those before */
    assert_int_equal(visited_count, 1);
    assert_int_equal(ended, 1);
}

static void without_sessions_it_ends_at_once(void **state)
{
    (void)state;
    begin();
    run_a_piece();
    assert_int_equal(visited_count, 0);
    assert_int_equal(ended, 1);
}

static void it_is_given_up_when_the_worker_ends(void **state)
{
    (void)state;
    pusher_fixture_client(&fixture);
    begin();
    net_slices_close(&fixture.worker.slices);
    assert_int_equal(visited_count, 0);
    assert_int_equal(ended, -1);
}

#define VISIT_TEST(name) PUSHER_FIXTURE_TEST(name, &fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VISIT_TEST(one_session_is_visited_a_piece),
        VISIT_TEST(who_is_over_or_has_come_meanwhile_is_not_visited),
        VISIT_TEST(without_sessions_it_ends_at_once),
        VISIT_TEST(it_is_given_up_when_the_worker_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
