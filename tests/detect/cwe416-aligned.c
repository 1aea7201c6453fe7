/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed aligned block is written to.
 *
 * expect: write-after-free
 * sizes: 32 64 128 512 1024 4096
 * needs: write-after-free-check
 */
#include "misuse.h"

static void churn_aligned(size_t alignment)
{
    void *held[32] = {NULL};
    for (size_t round = 0; round < 100000; round++) {
        free(held[round % 32]);
        held[round % 32] = must(aligned_alloc(alignment, alignment));
    }
}

static void bad(size_t size)
{
    char *block = must(aligned_alloc(size, size));
    free(block);
    damage(block, (ptrdiff_t)size / 2);
    churn_aligned(size);
}

static void good(size_t size)
{
    char *block = must(aligned_alloc(size, size));
    damage(block, (ptrdiff_t)size / 2);
    free(block);
    churn_aligned(size);
}
