// Philox4x32-10 in bulk, and normal numbers from its words.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Words 0..<n of the sequence of blocks philox(counter), philox(counter + 1), ...: only counter[0]
// counts, modulo 2^32. A block gives four words; the last block may be used in part.
void vk_philox_fill(uint32_t *out, size_t n, uint64_t key, const uint32_t counter[4]);

// words[i] * 2^-32 cut to 24 bits, in [0, 1), exact.
void vk_uniform(float *out, const uint32_t *words, size_t n);

// Box-Muller: words 2i and 2i + 1 give the independent standard normals out[2i] and out[2i + 1].
// The largest that can come out is sqrt(2 * 33 ln 2) = 6.76.
void vk_normal_pairs(float *out, const uint32_t *words, size_t pairs);
