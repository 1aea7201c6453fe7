/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte after a block changes; the block is not freed, but the one behind it is.
 *
 * profile: strict
 * expect: heap-buffer-overflow
 * sizes: 8 24 100 200 500 1000
 * needs: canaries
 */
#include "neighbours.h"

static void bad(size_t size)
{
    struct neighbours found = find_neighbours(size);
    damage(found.first, (ptrdiff_t)size);
    free(found.second);
    _exit(0);
}

static void good(size_t size)
{
    struct neighbours found = find_neighbours(size);
    damage(found.first, (ptrdiff_t)size - 1);
    free(found.second);
}
