/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The second 16-byte element of an array is freed: aligned as blocks are, and not the start of one.
 *
 * expect: bad-free
 * sizes: 32 48 100 256 500 1000 4096 10000 65536 100000
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(opaque(block + 16));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
}
