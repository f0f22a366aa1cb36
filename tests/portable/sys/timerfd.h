#error "<sys/timerfd.h> is Linux's alone: see base/platform.h"
