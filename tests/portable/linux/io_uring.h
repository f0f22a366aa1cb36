#error "<linux/io_uring.h> is Linux's alone: see base/platform.h"
