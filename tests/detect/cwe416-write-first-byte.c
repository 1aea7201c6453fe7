/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The first byte of a freed block changes; found before the memory is handed out again.
 *
 * expect: write-after-free
 * sizes: small some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    damage(block, 0);
    churn(size);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    damage(block, 0);
    free(block);
    if (size % 50 == 0)
        churn(size);
}
