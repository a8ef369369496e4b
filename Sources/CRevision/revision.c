#include "revision.h"

// Package.swift defines both from what make knows of the source tree; a plain `swift build` does not.
#ifndef REVISION_COMMIT
#define REVISION_COMMIT "unknown"
#define REVISION_DIRTY "unknown"
#endif

// A section of their own and a fixed length: builds that differ in nothing else load the same bytes
// (ExecutableDigest).
#define REVISION __attribute__((section("adam_revision"), used))
REVISION static const char commit[64] = REVISION_COMMIT;
REVISION static const char dirty[16] = REVISION_DIRTY;

const char *revision_commit(void) { return commit; }

const char *revision_dirty(void) { return dirty; }
