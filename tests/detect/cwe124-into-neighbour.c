/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte before each of a thousand blocks changes. It belongs to the rest of a neighbour's slot, to freed
 * memory, or to a guard page.
 *
 * expect: heap-buffer-overflow | heap-buffer-underflow | write-after-free | fault
 * sizes: 1 20 40 100 200 500 1000 3000 8000
 * needs: canaries
 */
#include "misuse.h"

static void write_before_each(size_t size, ptrdiff_t offset)
{
    enum {
        BLOCKS = 1000
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(size));
    for (size_t i = 0; i < BLOCKS; i++)
        damage(blocks[i], offset);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void bad(size_t size)
{
    write_before_each(size, -1);
}

static void good(size_t size)
{
    write_before_each(size, 0);
}
