/* The scripts that Redis runs for us, from the folder scripts. */
#pragma once

/* The number of the layout of keys: that of all scripts (`make lint` compares), one more with each
 * change that nodes of before would misread. */
#define CLUSTER_SCRIPTS_LAYOUT "2"

extern const char cluster_scripts_apply[];
extern const char cluster_scripts_query[];
