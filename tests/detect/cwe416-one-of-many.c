/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One of hundreds of freed blocks is written to; found before its memory is handed out again.
 *
 * expect: write-after-free
 * expect from 8209: write-after-free | fault
 * sizes: some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void free_many_and_write(size_t size, bool late)
{
    enum {
        BLOCKS = 300
    };
    static void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(size));
    if (!late)
        damage(blocks[123], 0);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    if (late)
        damage(blocks[123], 0);
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = must(malloc(size));
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
    churn(size);
}

static void bad(size_t size)
{
    free_many_and_write(size, true);
}

static void good(size_t size)
{
    free_many_and_write(size, false);
}
