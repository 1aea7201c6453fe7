/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A loop reads past the end of a block of some pages, until the guard page behind it.
 *
 * expect: fault
 * sizes: 12288 20000 40000 65536 100000 131072
 * needs: guard-pages
 */
#include "misuse.h"

static volatile char seen;

static void read_until(size_t size, size_t end)
{
    volatile char *block = opaque(must(calloc(1, size)));
    for (size_t i = 0; i < end; i++)
        seen = block[i];
    free(opaque(block));
}

static void bad(size_t size)
{
    read_until(size, size + size / 2);
}

static void good(size_t size)
{
    read_until(size, size);
}
