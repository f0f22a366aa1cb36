/* The scripts that Redis runs for us, from the folder scripts. */
#pragma once

extern const char cluster_script_apply[];
extern const char cluster_script_ask[];
