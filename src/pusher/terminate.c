#include "pusher/terminate.h"

#include "base/mem.h"
#include "pusher/authority.h"

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

void pusher_terminate_removed(struct pusher_worker *worker)
{
    LIST_EACH(link, following, &worker->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (session->app != NULL && atomic_load(&session->app->is_removed))
            pusher_session_close_with_error(session, PUSHER_ERROR_NO_APP);
    }
}
