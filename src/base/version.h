/* The version that `reverb --version` prints. Thread: any. */
#pragma once

#define VERSION "0.1.0"
