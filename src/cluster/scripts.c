#include "cluster/scripts.h"

/* The build makes texts of the files. */
const char cluster_scripts_apply[] =
#include "cluster/apply.lua.inc"
    ;

const char cluster_scripts_ask[] =
#include "cluster/ask.lua.inc"
    ;
