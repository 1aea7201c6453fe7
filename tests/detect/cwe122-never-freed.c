/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte after a block that is never freed changes: found when the process ends.
 *
 * expect: heap-buffer-overflow
 * sizes: 1 16 24 100 256 1000 131073 300001 1048577 5000001
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    damage(must(malloc(size)), (ptrdiff_t)size);
}

static void good(size_t size)
{
    damage(must(malloc(size)), (ptrdiff_t)size - 1);
}
