#error "<sys/sendfile.h> is Linux's alone: see base/platform.h"
