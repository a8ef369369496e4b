#pragma once

/// The commit that the program was built from: 40 hexadecimal digits, or "unknown".
const char *_Nonnull revision_commit(void);

/// Whether the sources had changes that were not committed: "true", "false" or "unknown".
const char *_Nonnull revision_dirty(void);
