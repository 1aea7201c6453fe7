/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block is freed again after thousands of others of its size were.
 *
 * expect: double-free
 * expect from 131073: double-free | bad-free
 * sizes: 0 some 131072 200000 1048576
 */
#include "misuse.h"

static void free_many(size_t size, size_t twice)
{
    enum {
        BLOCKS = 3000
    };
    static void *blocks[BLOCKS];
    size_t count = size > 50000 ? 200 : BLOCKS;
    for (size_t i = 0; i < count; i++)
        blocks[i] = must(malloc(size));
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
    for (size_t i = 0; i < twice; i++)
        free(opaque(blocks[count / 2]));
}

static void bad(size_t size)
{
    free_many(size, 1);
}

static void good(size_t size)
{
    free_many(size, 0);
}
