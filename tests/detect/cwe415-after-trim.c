/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * malloc_trim comes between the two frees.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

static void trim_between(size_t size, bool twice)
{
    void *block = must(malloc(size));
    free(block);
    malloc_trim(0);
    if (twice)
        free(opaque(block));
}

static void bad(size_t size)
{
    trim_between(size, true);
}

static void good(size_t size)
{
    trim_between(size, false);
}
