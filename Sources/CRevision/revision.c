#include "revision.h"

// Package.swift defines both from what make knows of the source tree; a plain `swift build` does not.
#ifndef REVISION_COMMIT
#define REVISION_COMMIT "unknown"
#define REVISION_DIRTY "unknown"
#endif

const char *revision_commit(void) { return REVISION_COMMIT; }

const char *revision_dirty(void) { return REVISION_DIRTY; }
