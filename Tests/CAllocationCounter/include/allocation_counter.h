// Counts the heap allocations of the calling thread, in programs that link this target.
#pragma once
#include <stddef.h>

typedef struct {
  size_t count;
  size_t bytes;
  size_t largest;
} allocation_counts;

void allocation_counter_start(void);
// What was allocated since the start.
allocation_counts allocation_counter_stop(void);
