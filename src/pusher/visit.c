#include "pusher/visit.h"

#include "base/mem.h"

static struct pusher_visit *visit_of(struct net_slices_job *job)
{
    return LIST_OWNER(job, struct pusher_visit, job);
}

static void end(struct pusher_visit *visit, bool is_complete)
{
    if (visit->on_end != NULL)
        visit->on_end(visit, is_complete);
    free(visit->socket_ids);
    free(visit);
}

static bool visit_one(struct net_slices_job *job)
{
    struct pusher_visit *visit = visit_of(job);
    struct pusher_session *session;

    if (visit->visited_count == visit->count) {
        end(visit, true);
        return true;
    }
    session = pusher_session_find(visit->worker, visit->socket_ids[visit->visited_count++]);
    if (session != NULL && session->state != PUSHER_SESSION_OVER)
        visit->visit(visit, session);
    return false;
}

static void give_up(struct net_slices_job *job)
{
    end(visit_of(job), false);
}

void pusher_visit_begin(struct pusher_visit *visit)
{
    const struct pusher_worker *worker = visit->worker;

    visit->job.run = visit_one;
    visit->job.free = give_up;
    visit->socket_ids = mem_new(worker->sessions_count * sizeof *visit->socket_ids);
    LIST_EACH(link, following, &worker->sessions) {
        visit->socket_ids[visit->count++] =
            LIST_OWNER(link, struct pusher_session, link)->socket_id;
    }
    net_slices_add(&visit->worker->slices, &visit->job);
}
