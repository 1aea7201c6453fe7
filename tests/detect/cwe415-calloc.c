/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A calloc block is freed twice.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

static void bad(size_t size)
{
    void *block = must(calloc(1, size));
    free(block);
    free(opaque(block));
}

static void good(size_t size)
{
    void *block = must(calloc(1, size));
    free(block);
}
