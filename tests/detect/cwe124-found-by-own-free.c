/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte before a block changes, and then the block itself is freed.
 *
 * profile: strict
 * expect: heap-buffer-underflow
 * sizes: 8 24 100 200 500 1000
 * needs: canaries
 */
#include "neighbours.h"

static void free_after_damage(size_t size, ptrdiff_t offset)
{
    struct neighbours found = find_neighbours(size);
    damage(found.second, offset);
    free(found.second);
}

static void bad(size_t size)
{
    free_after_damage(size, -1);
    _exit(0);
}

static void good(size_t size)
{
    free_after_damage(size, 0);
}
