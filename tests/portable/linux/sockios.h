#error "<linux/sockios.h> is Linux's alone: see base/platform.h"
