/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte after a block changes; realloc(block, 0), which frees it, finds it.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void write_and_free(size_t size, size_t offset)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)offset);
    if (realloc(block, opaque_size(0)) != NULL)
        _exit(3);
}

static void bad(size_t size)
{
    write_and_free(size, size);
}

static void good(size_t size)
{
    write_and_free(size, size - 1);
}
