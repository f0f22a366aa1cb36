#error "<sys/auxv.h> is Linux's alone: see base/platform.h"
