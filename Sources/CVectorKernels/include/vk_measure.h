// What a processor can do at best, for benchmarks.
#pragma once
#include <stddef.h>

// Floating-point operations of one round of vk_fma_rounds.
enum { vk_fma_round_operations = 24 * 16 * 2 };

// Independent fused multiply-adds in registers; the result depends on all of them.
float vk_fma_rounds(size_t rounds);

// out = x / (sqrt(x) + 1e-8), n elements: a root and a quotient each, as an update by Adam has them.
void vk_roots_and_quotients(float *out, const float *x, size_t n);

// Keeps the calling thread on one processor, where the system can.
void vk_pin_thread(int processor);
