/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Free a, free b, free a again: the order that defeats a check of the last freed block alone.
 *
 * expect: double-free
 * sizes: 0 some large
 */
#include "misuse.h"

static void free_three_times(size_t size, bool twice)
{
    void *a = must(malloc(size));
    void *b = must(malloc(size));
    free(a);
    free(b);
    if (twice)
        free(opaque(a));
}

static void bad(size_t size)
{
    free_three_times(size, true);
}

static void good(size_t size)
{
    free_three_times(size, false);
}
