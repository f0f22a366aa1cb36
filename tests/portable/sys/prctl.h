#error "<sys/prctl.h> is Linux's alone: see base/platform.h"
