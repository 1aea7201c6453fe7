/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A single byte far behind a block's end changes, in the rest of its slot.
 *
 * expect: heap-buffer-overflow
 * sizes: 1 5 17 20 33 40 65 100 130 200
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    /* Slots end at multiples of 16, and none is smaller than 32. */
    size_t rounded = size < 17 ? 32 : (size + 15) / 16 * 16;
    damage(block, (ptrdiff_t)rounded - 1);
    free(block);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)size - 1);
    free(block);
}
