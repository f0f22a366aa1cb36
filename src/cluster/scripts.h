/* The scripts that Redis runs for this server, from the folder scripts. */
#pragma once

/* The number of the key layout, the same in all scripts (`make lint` compares them): one more with
 * each change that older nodes would misread. */
#define CLUSTER_SCRIPTS_LAYOUT "5"

extern const char cluster_scripts_apply[];
extern const char cluster_scripts_query[];
