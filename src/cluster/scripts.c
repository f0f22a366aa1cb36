#include "cluster/scripts.h"

/* The build makes texts of the files. */
const char cluster_script_apply[] =
#include "cluster/scripts/apply.lua.inc"
    ;

const char cluster_script_ask[] =
#include "cluster/scripts/ask.lua.inc"
    ;
