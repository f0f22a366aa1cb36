#error "<sys/inotify.h> is Linux's alone: see base/platform.h"
