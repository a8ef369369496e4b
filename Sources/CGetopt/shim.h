// getopt_long, which Swift's Glibc module leaves out, and functions for its global variables, which
// Swift 6 does not let through.
#pragma once
#include <getopt.h>

static inline void getopt_restart(void) {
  optind = 0;
  opterr = 0;
}
static inline int getopt_next_index(void) { return optind; }
static inline const char *getopt_argument(void) { return optarg; }
