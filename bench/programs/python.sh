#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# python3: dictionaries, lists, strings, objects and json, without its own allocator in front of malloc.
set -eu
cd "$2"
if [ "$1" = prepare ]; then
    cat >work.py <<'PYTHON'
import json, re
words = ["word%d" % (i * 7919 % 10007) for i in range(60000)]
index = {}
for position, word in enumerate(words):
    index.setdefault(word, []).append(position)
text = json.dumps(index)
assert json.loads(text) == index
re.sub(r"\d+", lambda m: str(int(m[0]) + 1), text)
class Node:
    def __init__(self, left, right):
        self.left, self.right = left, right
def tree(depth):
    return Node(tree(depth - 1), tree(depth - 1)) if depth else None
for _ in range(6):
    tree(12)
print(len(sorted(words, key=lambda w: w[::-1])))
PYTHON
else
    # pymalloc would serve all small blocks itself.
    PYTHONMALLOC=malloc exec /usr/bin/python3 work.py
fi
