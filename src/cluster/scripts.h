/* The scripts that Redis runs for us, from the folder scripts. */
#pragma once

extern const char cluster_scripts_apply[];
extern const char cluster_scripts_query[];
