#include "ws/message.h"

#include "support/unit.h"
#include "support/ws_peer.h"

#include <pthread.h>

#define THREADS_COUNT 4

/* Long enough to be worth compressing. */
static const char long_text[] =
    "{\"event\":\"order.shipped\",\"channel\":\"orders\",\"data\":\"{\\\"id\\\":1,\\\"id\\\":1}\"}";

static struct ws_peer_frame frame_of(const struct net_chunk *chunk)
{
    struct bytes rest = net_chunk_bytes(chunk);
    struct ws_peer_frame frame;

    assert_true(ws_peer_read(&rest, &frame));
    assert_int_equal(rest.len, 0);
    return frame;
}

static void its_plain_frame_is_a_text_frame_with_what_it_says(void **state)
{
    static const size_t lens[] = {0, 1, 63, 64, 125, 126, 65535, 65536, 200000};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *text = malloc(lens[i] + 1);
        struct ws_message *message;
        struct ws_peer_frame frame;

        memset(text, 'x', lens[i]);
        message = ws_message_new((struct bytes){text, lens[i]});
        frame = frame_of(ws_message_frame(message, WS_DEFLATE_PLAIN, NULL));
        assert_int_equal(frame.first, 0x81);
        assert_bytes_equal(frame.payload, (struct bytes){text, lens[i]});
        assert_bytes_equal(ws_message_text(message), (struct bytes){text, lens[i]});
        ws_message_unref(message);
        free(text);
    }
}

static void each_form_is_compressed_once_and_says_the_same(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct ws_message *message = ws_message_new(BYTES(long_text));

    (void)state;
    for (int form = WS_DEFLATE_FULL; form < WS_DEFLATE_FORMS_COUNT; form++) {
        struct net_chunk *chunk = ws_message_frame(message, (enum ws_deflate_form)form, deflate);
        const struct ws_peer_frame frame = frame_of(chunk);
        struct buffer out = {0};

        assert_int_equal(frame.first, 0xc1);
        assert_int_equal(ws_deflate_decompress(deflate, frame.payload, 10000, &out), 0);
        assert_text(buffer_bytes(&out), long_text);
        assert_ptr_equal(ws_message_frame(message, (enum ws_deflate_form)form, deflate), chunk);
        buffer_deinit(&out);
    }
    ws_message_unref(message);
    ws_deflate_free(deflate);
}

static void a_short_message_stays_plain_in_every_form(void **state)
{
    struct ws_deflate *deflate = ws_deflate_new();
    struct ws_message *message = ws_message_new(BYTES("{\"event\":\"pusher:pong\"}"));
    struct net_chunk *plain = ws_message_frame(message, WS_DEFLATE_PLAIN, NULL);

    (void)state;
    assert_ptr_equal(ws_message_frame(message, WS_DEFLATE_FULL, deflate), plain);
    assert_ptr_equal(ws_message_frame(message, WS_DEFLATE_SMALL, deflate), plain);
    ws_message_unref(message);
    ws_deflate_free(deflate);
}

static void a_frame_outlives_its_message_for_who_holds_it(void **state)
{
    struct ws_message *message = ws_message_new(BYTES("still here"));
    struct net_chunk *frame = net_chunk_ref(ws_message_frame(message, WS_DEFLATE_PLAIN, NULL));

    (void)state;
    ws_message_unref(ws_message_ref(message));
    ws_message_unref(message);
    ws_message_unref(NULL);
    assert_text(frame_of(frame).payload, "still here");
    net_chunk_unref(frame);
}

struct worker {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct ws_message *message;
    struct net_chunk *frames[WS_DEFLATE_FORMS_COUNT];
};

static void *ask_for_all_forms(void *user)
{
    struct worker *worker = user;
    struct ws_deflate *deflate = ws_deflate_new();

    pthread_barrier_wait(worker->barrier);
    for (int form = 0; form < WS_DEFLATE_FORMS_COUNT; form++)
        worker->frames[form] =
            ws_message_frame(worker->message, (enum ws_deflate_form)form, deflate);
    ws_deflate_free(deflate);
    return NULL;
}

static void workers_that_ask_at_the_same_time_get_the_same_frame(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct worker workers[THREADS_COUNT];
        pthread_barrier_t barrier;
        struct ws_message *message = ws_message_new(BYTES(long_text));

        pthread_barrier_init(&barrier, NULL, THREADS_COUNT);
        for (int i = 0; i < THREADS_COUNT; i++) {
            workers[i] = (struct worker){.barrier = &barrier, .message = ws_message_ref(message)};
            CHECK(pthread_create(&workers[i].thread, NULL, ask_for_all_forms, &workers[i]) == 0);
        }
        for (int i = 0; i < THREADS_COUNT; i++)
            pthread_join(workers[i].thread, NULL);
        pthread_barrier_destroy(&barrier);
        for (int i = 0; i < THREADS_COUNT; i++) {
            for (int form = 0; form < WS_DEFLATE_FORMS_COUNT; form++)
                assert_ptr_equal(workers[i].frames[form], workers[0].frames[form]);
            ws_message_unref(message);
        }
        ws_message_unref(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_plain_frame_is_a_text_frame_with_what_it_says),
        cmocka_unit_test(each_form_is_compressed_once_and_says_the_same),
        cmocka_unit_test(a_short_message_stays_plain_in_every_form),
        cmocka_unit_test(a_frame_outlives_its_message_for_who_holds_it),
        cmocka_unit_test(workers_that_ask_at_the_same_time_get_the_same_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
