// LAPACKE and CBLAS, both by OpenBLAS on Debian.
#pragma once
#include <cblas.h>
#include <lapacke.h>
