#include "cluster/scripts.h"

/* The build turns the files into string literals. */
const char cluster_scripts_apply[] =
#include "cluster/apply.lua.inc"
    ;

const char cluster_scripts_query[] =
#include "cluster/query.lua.inc"
    ;
