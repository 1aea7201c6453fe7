/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One of a thousand blocks was written one byte past its end; all are freed.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some
 * needs: canaries
 */
#include "misuse.h"

static void write_one_of_many(size_t size, size_t offset)
{
    enum {
        BLOCKS = 1000
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = must(malloc(size));
        blocks[i][0] = 'x';
    }
    damage(blocks[637], (ptrdiff_t)offset);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void bad(size_t size)
{
    write_one_of_many(size, size);
}

static void good(size_t size)
{
    write_one_of_many(size, size - 1);
}
