#error "<linux/filter.h> is Linux's alone: see base/platform.h"
