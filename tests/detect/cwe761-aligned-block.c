/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pointer into an aligned block is freed.
 *
 * expect: bad-free
 * sizes: 64 256 4096 65536
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(aligned_alloc(size, size * 2));
    free(opaque(block + size / 2));
}

static void good(size_t size)
{
    char *block = must(aligned_alloc(size, size * 2));
    free(block);
}
