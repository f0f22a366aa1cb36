/* `--debug`: the stream of what happens, as Laravel Reverb shows it, on standard output.
 *
 * Thread: any worker; what one event writes stays together.
 */
#pragma once

#include "pusher/observers.h"

extern const struct pusher_observers_events observer_debug_events;
