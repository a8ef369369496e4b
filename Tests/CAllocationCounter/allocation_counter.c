#include "allocation_counter.h"
#include <errno.h>
#include <stdlib.h>

static _Thread_local int counting;
static _Thread_local allocation_counts counts;

void allocation_counter_start(void) {
  counts = (allocation_counts){0, 0, 0};
  counting = 1;
}

allocation_counts allocation_counter_stop(void) {
  counting = 0;
  return counts;
}

#ifdef __GLIBC__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void note(size_t bytes) {
  if (!counting) return;
  counts.count++;
  counts.bytes += bytes;
  if (bytes > counts.largest) counts.largest = bytes;
}

void *malloc(size_t n) {
  note(n);
  return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
  note(n * size);
  return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
  note(n);
  return __libc_realloc(p, n);
}

void *memalign(size_t alignment, size_t n) {
  note(n);
  return __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n) { return memalign(alignment, n); }

int posix_memalign(void **p, size_t alignment, size_t n) {
  *p = memalign(alignment, n);
  return *p ? 0 : ENOMEM;
}
#endif
