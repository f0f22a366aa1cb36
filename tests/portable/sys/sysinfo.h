#error "<sys/sysinfo.h> is Linux's alone: see base/platform.h"
