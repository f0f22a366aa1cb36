#include "cluster/scripts.h"

/* The build makes texts of the files. */
const char cluster_scripts_apply[] =
#include "cluster/apply.lua.inc"
    ;

const char cluster_scripts_query[] =
#include "cluster/query.lua.inc"
    ;
