/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pointer into a block is passed to realloc.
 *
 * expect: bad-free
 * sizes: 32 100 1000 10000 100000 large
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(realloc(opaque(block + 16), size * 2));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(realloc(opaque(block), size * 2));
}
