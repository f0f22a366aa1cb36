#include "pusher/terminate.h"

#include "base/mem.h"
#include "pusher/authority.h"

/* A connection that leaves its channels costs some 10 µs. */
#define REMOVED_A_PIECE 32

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

    (void)owner;
    LIST_EACH(link, following, &terminate->worker->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (session->app == terminate->app && is_of_user(session, terminate->user_id))
            pusher_session_close_with_error(session, PUSHER_ERROR_TERMINATED);
    }
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

struct removal {
    struct net_slices_job slice;
    struct pusher_worker *worker;
    uint64_t *socket_ids; /* some may be gone already */
    size_t count;
    size_t closed_count;
    void (*on_done)(void *user);
    void *user;
};

static void removal_free(struct net_slices_job *slice)
{
    struct removal *removal = LIST_OWNER(slice, struct removal, slice);

    free(removal->socket_ids);
    free(removal);
}

static bool is_of_removed_app(const struct pusher_session *session)
{
    return session->app != NULL && atomic_load(&session->app->is_removed);
}

static bool close_some(struct net_slices_job *slice)
{
    struct removal *removal = LIST_OWNER(slice, struct removal, slice);

    for (size_t i = 0; i < REMOVED_A_PIECE && removal->closed_count < removal->count; i++) {
        struct pusher_session *session =
            pusher_session_find(removal->worker, removal->socket_ids[removal->closed_count++]);

        if (session != NULL && session->state != PUSHER_SESSION_OVER && is_of_removed_app(session))
            pusher_session_close_with_error(session, PUSHER_ERROR_NO_APP);
    }
    if (removal->closed_count < removal->count)
        return false;
    removal->on_done(removal->user);
    removal_free(slice);
    return true;
}

void pusher_terminate_removed(struct pusher_worker *worker, void (*on_done)(void *user), void *user)
{
    struct removal *removal = mem_new(sizeof *removal);
    size_t cap = 0;

    removal->slice.run = close_some;
    removal->slice.free = removal_free;
    removal->worker = worker;
    removal->on_done = on_done;
    removal->user = user;
    LIST_EACH(link, following, &worker->sessions) {
        const struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (!is_of_removed_app(session))
            continue;
        removal->socket_ids =
            mem_room(removal->socket_ids, removal->count, &cap, sizeof *removal->socket_ids);
        removal->socket_ids[removal->count++] = session->socket_id;
    }
    if (!close_some(&removal->slice))
        net_slices_add(&worker->slices, &removal->slice);
}
