/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small block is read after it was freed, where it is one of those that have a page of their own.
 *
 * expect: fault
 * sizes: 1 16 48 300 1000 4000
 * profile: strict
 */
#include "misuse.h"

static void use(size_t size, bool after)
{
    void *first = must(malloc(size)); /* a thread's first block has no page of its own */
    volatile char *block = must(malloc(size));
    *block = 1;
    if (after)
        free(opaque(block));
    (void)*block;
    if (!after)
        free(opaque(block));
    free(first);
}

static void bad(size_t size)
{
    use(size, true);
}

static void good(size_t size)
{
    use(size, false);
}
