// The only place that knows oneDNN's C API, which differs between v2 and v3.
#pragma once
#include <stddef.h>
#include <stdint.h>

// "2.6.3"-like version of the library in use; static storage.
const char *onednn_version(void);
