#define LANES 8
#define PANEL_BLOCKS 1
#define OPERATIONS fourier_operations_portable
#include "fourier_body.h"
