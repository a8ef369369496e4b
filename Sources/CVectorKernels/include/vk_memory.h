// How memory is paged.
#pragma once
#include <stddef.h>

// Asks the system to keep n bytes that are read at random in large pages, where it can.
void vk_use_large_pages(const void *memory, size_t n);
