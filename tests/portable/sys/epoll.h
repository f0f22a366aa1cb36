#error "<sys/epoll.h> is Linux's alone: see base/platform.h"
