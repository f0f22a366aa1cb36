#include "pusher/terminate.h"

#include "base/mem.h"
#include "pusher/authority.h"

/* A connection that leaves its channels costs some 10 µs. */
#define CLOSED_A_PIECE 32

/* --- closing many --------------------------------------------------------------------------- */

/* The connections of a worker that are to end, closed piece by piece. */
struct closing {
    struct net_slices_job slice;
    struct pusher_worker *worker;
    enum pusher_error error;
    uint64_t *socket_ids; /* some may be gone already */
    size_t count;
    size_t cap;
    size_t closed_count;
    void (*on_done)(void *user); /* NULL: nobody waits for it */
    void *user;
};

static void closing_free(struct net_slices_job *slice)
{
    struct closing *closing = LIST_OWNER(slice, struct closing, slice);

    free(closing->socket_ids);
    free(closing);
}

static bool is_of_removed_app(const struct pusher_session *session)
{
    return session->app != NULL && atomic_load(&session->app->is_removed);
}

/* An app may have come back before its connections were closed. */
static bool must_still_close(const struct closing *closing, const struct pusher_session *session)
{
    return session->state != PUSHER_SESSION_OVER &&
           (closing->error != PUSHER_ERROR_NO_APP || is_of_removed_app(session));
}

static bool close_some(struct net_slices_job *slice)
{
    struct closing *closing = LIST_OWNER(slice, struct closing, slice);

    for (size_t i = 0; i < CLOSED_A_PIECE && closing->closed_count < closing->count; i++) {
        struct pusher_session *session =
            pusher_session_find(closing->worker, closing->socket_ids[closing->closed_count++]);

        if (session != NULL && must_still_close(closing, session))
            pusher_session_close_with_error(session, closing->error);
    }
    if (closing->closed_count < closing->count)
        return false;
    if (closing->on_done != NULL)
        closing->on_done(closing->user);
    closing_free(slice);
    return true;
}

static struct closing *closing_new(struct pusher_worker *worker, enum pusher_error error)
{
    struct closing *closing = mem_new(sizeof *closing);

    closing->slice.run = close_some;
    closing->slice.free = closing_free;
    closing->worker = worker;
    closing->error = error;
    return closing;
}

static void closing_add(struct closing *closing, const struct pusher_session *session)
{
    closing->socket_ids =
        mem_room(closing->socket_ids, closing->count, &closing->cap, sizeof *closing->socket_ids);
    closing->socket_ids[closing->count++] = session->socket_id;
}

/* Closes the first ones now. */
static void closing_start(struct closing *closing)
{
    if (!close_some(&closing->slice))
        net_slices_add(&closing->worker->slices, &closing->slice);
}

/* --- users ---------------------------------------------------------------------------------- */

struct terminate_mail {
    struct net_mail mail;
    struct pusher_worker *worker; /* that receives it */
    struct pusher_app *app;       /* a reference */
    struct bytes user_id;         /* its own */
};

static bool is_member(struct pusher_session *session, struct bytes user_id)
{
    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        const struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);

        if (subscription->member != NULL &&
            bytes_equal(channel_presence_user_id(subscription->member), user_id))
            return true;
    }
    return false;
}

static bool is_of_user(struct pusher_session *session, struct bytes user_id)
{
    if (session->user != NULL && bytes_equal(session->user->id, user_id))
        return true;
    return is_member(session, user_id);
}

static void on_terminate_mail(struct net_mail *mail, void *owner)
{
    struct terminate_mail *terminate = (struct terminate_mail *)mail;
    struct closing *closing = closing_new(terminate->worker, PUSHER_ERROR_TERMINATED);

    (void)owner;
    LIST_EACH(link, following, &terminate->worker->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (session->app == terminate->app && is_of_user(session, terminate->user_id))
            closing_add(closing, session);
    }
    closing_start(closing);
    bytes_free(&terminate->user_id);
    pusher_app_unref(terminate->app);
    free(terminate);
}

void pusher_terminate_user(struct pusher_worker *worker, struct pusher_app *app,
                           struct bytes user_id)
{
    if (!pusher_authority_terminate(app, user_id))
        pusher_terminate_user_here(worker->all, worker->workers_count, app, user_id);
}

void pusher_terminate_user_here(struct pusher_worker *workers, size_t workers_count,
                                struct pusher_app *app, struct bytes user_id)
{
    for (size_t i = 0; i < workers_count; i++) {
        struct terminate_mail *terminate = mem_new(sizeof *terminate);

        terminate->mail.deliver = on_terminate_mail;
        terminate->worker = &workers[i];
        terminate->app = pusher_app_ref(app);
        terminate->user_id = bytes_clone(user_id);
        NET_MAILBOX_POST(&workers[i].loop->mailbox, terminate);
    }
}

/* --- removed apps --------------------------------------------------------------------------- */

void pusher_terminate_removed(struct pusher_worker *worker, void (*on_done)(void *user), void *user)
{
    struct closing *closing = closing_new(worker, PUSHER_ERROR_NO_APP);

    closing->on_done = on_done;
    closing->user = user;
    LIST_EACH(link, following, &worker->sessions) {
        const struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (is_of_removed_app(session))
            closing_add(closing, session);
    }
    closing_start(closing);
}
