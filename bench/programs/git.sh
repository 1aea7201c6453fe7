#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# git: the history, blame, diffs and a full repack of a small repository.
set -eu
cd "$2"
if [ "$1" = prepare ]; then
    git init -q -b main .
    git config user.name Bench
    git config user.email bench@example.org
    for i in $(seq 1 60); do
        seq "$i" 97 30000 >"file.$((i % 10))"
        git add -A
        git commit -q -m "change $i"
    done
else
    export GIT_PAGER=cat
    git log --stat -p >/dev/null
    git blame file.3 >/dev/null
    git repack -adfq --depth=20 --window=20
fi
