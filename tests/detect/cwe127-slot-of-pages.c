/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A loop reads backwards past the start of a block of some pages: in front of it is the guard page of
 * another.
 *
 * expect: fault
 * sizes: 12288 20000 40000 65536 100000 131072
 * needs: guard-pages
 */
#include "misuse.h"

static volatile char seen;

static void read_down_to(size_t size, ptrdiff_t start)
{
    volatile char *block = opaque(must(calloc(1, size)));
    for (ptrdiff_t i = (ptrdiff_t)size - 1; i >= start; i--)
        seen = block[i];
    free(opaque(block));
}

static void bad(size_t size)
{
    read_down_to(size, -4096);
}

static void good(size_t size)
{
    read_down_to(size, 0);
}
