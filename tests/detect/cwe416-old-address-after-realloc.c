/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * realloc moves a block, and a write goes through the old address.
 *
 * expect: write-after-free
 * sizes: some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *old = must(malloc(size));
    char *moved = must(realloc(old, size * 20 + 100000));
    damage(old, (ptrdiff_t)size / 2);
    churn(size);
    free(moved);
}

static void good(size_t size)
{
    char *old = must(malloc(size));
    char *moved = must(realloc(old, size * 20 + 100000));
    damage(moved, (ptrdiff_t)size / 2);
    churn(size);
    free(moved);
}
