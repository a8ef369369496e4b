#!/usr/bin/env bash
# Prints "COMMIT DIRTY" of this source tree, DIRTY true or false; "unknown unknown" unless the tree is
# the top of a repository of its own: a repository around it, or one that GIT_DIR names, is another.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

own_git() {
  env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE -u GIT_COMMON_DIR -u GIT_OBJECT_DIRECTORY \
    -u GIT_NAMESPACE GIT_OPTIONAL_LOCKS=0 git "$@" 2> /dev/null
}

if [ -e .git ] && top=$(own_git rev-parse --show-toplevel) && [ "$top" -ef . ] \
  && commit=$(own_git rev-parse --verify HEAD) \
  && changes=$(own_git status --porcelain -- Package.swift Sources reproductions); then
  if [ -n "$changes" ]; then echo "$commit true"; else echo "$commit false"; fi
else
  echo "unknown unknown"
fi
