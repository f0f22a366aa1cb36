#error "<linux/tls.h> is Linux's alone: see base/platform.h"
