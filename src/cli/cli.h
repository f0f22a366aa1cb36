/* The command line: `reverb COMMAND …`. Thread: main. */
#pragma once

/* What main() was given; returns the exit status. */
int cli_run(int argc, char **argv);
