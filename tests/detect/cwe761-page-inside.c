/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A page-aligned address inside a block is freed.
 *
 * expect: bad-free
 * sizes: 20000 65536 100000 large
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(opaque((void *)(((uintptr_t)block + 8191) & ~(uintptr_t)4095)));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
}
