#error "<sys/signalfd.h> is Linux's alone: see base/platform.h"
