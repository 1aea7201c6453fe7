/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed block is passed to realloc.
 *
 * expect: double-free
 * sizes: 0 small some large
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    block = realloc(opaque(block), size * 2 + 100);
    free(block);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    block = realloc(opaque(block), size * 2 + 100);
    free(block);
}
