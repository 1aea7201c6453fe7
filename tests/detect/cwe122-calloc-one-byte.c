/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte directly after a calloc block changes.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(calloc(size, 1));
    damage(block, (ptrdiff_t)size);
    free(block);
}

static void good(size_t size)
{
    char *block = must(calloc(size, 1));
    damage(block, (ptrdiff_t)size - 1);
    free(block);
}
