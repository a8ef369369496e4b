// HDF5's C API, and functions for its macros, which Swift cannot import.
#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>
