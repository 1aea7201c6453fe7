/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One of many blocks that are never freed is damaged: found when the process ends, if all of the heap is
 * looked at.
 *
 * profile: strict
 * expect: heap-buffer-overflow
 * sizes: 16 100 1000 5000 10000 30000 100000 200001
 * needs: canaries
 */
#include "misuse.h"

static void leak(size_t size, ptrdiff_t offset)
{
    size_t blocks = size < 2000 ? 6000 : 300;
    for (size_t i = 0; i < blocks; i++) {
        char *block = must(malloc(size));
        if (i == blocks - 1)
            damage(block, offset);
    }
}

static void bad(size_t size)
{
    leak(size, (ptrdiff_t)size);
}

static void good(size_t size)
{
    leak(size, (ptrdiff_t)size - 1);
}
