/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An address far behind the only block of its size is freed: aligned, in the heap, and never handed out.
 *
 * expect: bad-free | double-free
 * sizes: 48 1000
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(opaque((void *)(((uintptr_t)block + 32768) & ~(uintptr_t)15)));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
}
