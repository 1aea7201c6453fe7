/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes before a block change, where a freed block was; the block itself is freed next.
 *
 * profile: strict
 * expect: heap-buffer-underflow | write-after-free
 * sizes: 24 100 200 500 1000
 * needs: write-after-free-check
 */
#include "neighbours.h"

static void free_both(size_t size, bool underflow)
{
    struct neighbours found = find_neighbours(size);
    free(found.first);
    for (ptrdiff_t offset = -8; underflow && offset < 0; offset++)
        damage(found.second, offset);
    free(found.second);
}

static void bad(size_t size)
{
    free_both(size, true);
    _exit(0);
}

static void good(size_t size)
{
    free_both(size, false);
}
