/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An address 64 bytes into a large block is freed.
 *
 * expect: bad-free
 * sizes: large
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(opaque(block + 64));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
}
