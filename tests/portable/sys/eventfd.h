#error "<sys/eventfd.h> is Linux's alone: see base/platform.h"
