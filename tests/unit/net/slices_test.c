#include "net/slices.h"

#include "support/fixture.h"

static struct fixture fixture;
static struct net_slices slices;

struct job {
    struct net_slices_job slice;
    size_t left; /* pieces */
    uint64_t piece_ns;
    size_t runs_count;
    bool is_freed;
};

static void on_turn_end(void *user)
{
    (void)user;
    net_slices_end_turn(&slices, &fixture.loop);
}

static bool run(struct net_slices_job *slice)
{
    struct job *job = LIST_OWNER(slice, struct job, slice);
    const uint64_t end_ns = uv_hrtime() + job->piece_ns;

    while (uv_hrtime() < end_ns)
        ;
    job->runs_count++;
    return --job->left == 0;
}

static void free_job(struct net_slices_job *slice)
{
    LIST_OWNER(slice, struct job, slice)->is_freed = true;
}

static void add(struct job *job)
{
    job->slice.run = run;
    job->slice.free = free_job;
    net_slices_add(&slices, &job->slice);
}

static int open_loop(void **state)
{
    (void)state;
    slices = (struct net_slices){0};
    fixture_open(&fixture, 1000000);
    fixture.on_turn_end = on_turn_end;
    return 0;
}

static int close_loop(void **state)
{
    (void)state;
    net_slices_close(&slices);
    fixture_close(&fixture);
    return 0;
}

static void all_pieces_are_run_in_turns_that_come_by_themselves(void **state)
{
    struct job jobs[3] = {{.left = 5, .piece_ns = 1500000}, {.left = 1}, {.left = 1000}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        add(&jobs[i]);
    FIXTURE_UNTIL(&fixture, jobs[0].left + jobs[1].left + jobs[2].left == 0);
    assert_int_equal(jobs[0].runs_count, 5);
    assert_int_equal(jobs[2].runs_count, 1000);
}

static void all_together_take_their_share_of_a_turn(void **state)
{
    struct job jobs[20];

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        jobs[i] = (struct job){.left = 10, .piece_ns = NET_SLICES_TURN_NS};
        add(&jobs[i]);
    }
    for (size_t turns = 1; turns <= 20; turns++) {
        size_t runs_count = 0;

        fixture_turn(&fixture);
        for (size_t i = 0; i < 20; i++)
            runs_count += jobs[i].runs_count;
        assert_int_equal(runs_count, turns);
    }
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(jobs[i].runs_count, 1); /* one after the other */
    net_slices_close(&slices);
}

static struct net_watermark queue;

static bool fill_queue(struct net_slices_job *slice)
{
    net_watermark_add(&queue, 60);
    return --LIST_OWNER(slice, struct job, slice)->left == 0;
}

static void a_job_that_fills_a_queue_waits_until_it_is_down_to_half(void **state)
{
    struct job job = {.left = 4, .slice = {.run = fill_queue}};

    (void)state;
    net_watermark_init(&queue, 100, 0);
    net_slices_add(&slices, &job.slice);
    for (int i = 0; i < 3; i++)
        fixture_turn(&fixture);
    assert_int_equal(job.left, 2);
    net_watermark_sub(&queue, 60);
    fixture_turn(&fixture);
    assert_int_equal(job.left, 2);
    net_watermark_sub(&queue, 60);
    FIXTURE_UNTIL(&fixture, job.left == 0);
}

static void what_never_ended_is_freed(void **state)
{
    struct job job = {.left = 2, .piece_ns = NET_SLICES_TURN_NS};

    (void)state;
    add(&job);
    fixture_turn(&fixture);
    assert_false(job.is_freed);
    net_slices_close(&slices);
    assert_true(job.is_freed);
}

#define SLICES_TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLICES_TEST(all_pieces_are_run_in_turns_that_come_by_themselves),
        SLICES_TEST(all_together_take_their_share_of_a_turn),
        SLICES_TEST(a_job_that_fills_a_queue_waits_until_it_is_down_to_half),
        SLICES_TEST(what_never_ended_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
