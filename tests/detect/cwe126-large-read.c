/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reading on behind a large block meets its guard page.
 *
 * expect: fault
 * sizes: large
 * needs: guard-pages
 */
#include "misuse.h"

static volatile unsigned char sum;

static void read_all(size_t size, size_t length)
{
    const volatile unsigned char *block = opaque(must(calloc(1, size)));
    for (size_t i = size - 1; i < length; i++)
        sum = (unsigned char)(sum + block[i]);
    free(opaque(block));
}

static void bad(size_t size)
{
    read_all(size, size + 8192);
}

static void good(size_t size)
{
    read_all(size, size);
}
