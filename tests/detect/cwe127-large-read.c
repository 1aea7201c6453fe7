/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reading on before a large block meets its guard page.
 *
 * expect: fault
 * sizes: large
 * needs: guard-pages
 */
#include "misuse.h"

static volatile unsigned char sum;

static void read_down(size_t size, ptrdiff_t to)
{
    const volatile unsigned char *block = opaque(must(calloc(1, size)));
    for (ptrdiff_t i = 10; i >= to; i--)
        sum = (unsigned char)(sum + block[i]);
    free(opaque(block));
}

static void bad(size_t size)
{
    read_down(size, -8192);
}

static void good(size_t size)
{
    read_down(size, 0);
}
