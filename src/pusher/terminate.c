#include "pusher/terminate.h"

#include "base/mem.h"
#include "pusher/authority.h"
#include "pusher/visit.h"

/* --- users ---------------------------------------------------------------------------------- */

struct terminate_visit {
    struct pusher_visit visit; /* first: it is what is freed */
    struct net_mail mail;
    struct pusher_app *app; /* a reference */
    struct bytes user_id;   /* its own */
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

static void terminate_one(struct pusher_visit *visit, struct pusher_session *session)
{
    const struct terminate_visit *terminate = LIST_OWNER(visit, struct terminate_visit, visit);

    if (session->app == terminate->app && is_of_user(session, terminate->user_id))
        pusher_session_close_with_error(session, PUSHER_ERROR_TERMINATED);
}

static void on_terminated(struct pusher_visit *visit, bool is_complete)
{
    struct terminate_visit *terminate = LIST_OWNER(visit, struct terminate_visit, visit);

    (void)is_complete;
    bytes_free(&terminate->user_id);
    pusher_app_unref(terminate->app);
}

static void on_terminate_mail(struct net_mail *mail, void *owner)
{
    struct terminate_visit *terminate = LIST_OWNER(mail, struct terminate_visit, mail);

    (void)owner;
    pusher_visit_begin(&terminate->visit);
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
        struct terminate_visit *terminate = mem_new(sizeof *terminate);

        terminate->visit.visit = terminate_one;
        terminate->visit.on_end = on_terminated;
        terminate->mail.deliver = on_terminate_mail;
        terminate->visit.worker = &workers[i];
        terminate->app = pusher_app_ref(app);
        terminate->user_id = bytes_clone(user_id);
        NET_MAILBOX_POST(&workers[i].loop->mailbox, terminate);
    }
}

/* --- removed apps --------------------------------------------------------------------------- */

struct removed_visit {
    struct pusher_visit visit; /* first: it is what is freed */
    void (*on_done)(void *user);
    void *user;
};

/* An app may have come back before its connections are closed. */
static void close_if_removed(struct pusher_visit *visit, struct pusher_session *session)
{
    (void)visit;
    if (session->app != NULL && atomic_load(&session->app->is_removed))
        pusher_session_close_with_error(session, PUSHER_ERROR_NO_APP);
}

static void on_removed(struct pusher_visit *visit, bool is_complete)
{
    const struct removed_visit *removed = LIST_OWNER(visit, struct removed_visit, visit);

    if (is_complete)
        removed->on_done(removed->user);
}

void pusher_terminate_removed(struct pusher_worker *worker, void (*on_done)(void *user), void *user)
{
    struct removed_visit *removed = mem_new(sizeof *removed);

    removed->visit.worker = worker;
    removed->visit.visit = close_if_removed;
    removed->visit.on_end = on_removed;
    removed->on_done = on_done;
    removed->user = user;
    pusher_visit_begin(&removed->visit);
}
