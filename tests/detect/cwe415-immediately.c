/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block is freed twice in a row.
 *
 * expect: double-free
 * sizes: 0 small classes large
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    free(opaque(block));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    free(opaque(NULL));
}
