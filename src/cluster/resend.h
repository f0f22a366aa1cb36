/* Sends again what Redis has not acknowledged, as soon as the link is up.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/sender.h"

/* Returns how many events it has dropped instead: those that Redis will never take. */
size_t cluster_resend(struct cluster_sender *sender);
