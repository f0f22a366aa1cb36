/* What `reverb --version` says. Thread: any. */
#pragma once

#define VERSION "0.1.0"
