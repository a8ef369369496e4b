#define _GNU_SOURCE
#include "vk_memory.h"
#ifdef __linux__
#include <stdint.h>
#include <sys/mman.h>

// Linux 6.1; older C libraries do not name it.
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#endif

void vk_use_large_pages(const void *memory, size_t n) {
#ifdef __linux__
  const uintptr_t page = 2u << 20;
  const uintptr_t from = ((uintptr_t)memory + page - 1) / page * page;
  const uintptr_t to = ((uintptr_t)memory + n) / page * page;
  if (from >= to) return;
  // Advice: where it is not taken, everything works as before.
  madvise((void *)from, to - from, MADV_HUGEPAGE);
  madvise((void *)from, to - from, MADV_COLLAPSE);
#else
  (void)memory;
  (void)n;
#endif
}
