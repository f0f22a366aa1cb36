/* `--debug`: prints what happens to standard output, as Laravel Reverb does.
 *
 * Thread: any worker; the lines of one event are never interleaved with others.
 */
#pragma once

#include "pusher/observers.h"

extern const struct pusher_observers_events observer_debug_events;
