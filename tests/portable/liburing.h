#error "<liburing.h> is Linux's alone: see base/platform.h"
