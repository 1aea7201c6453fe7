/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte after a block changes; the realloc that makes it larger finds it.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void write_and_grow(size_t size, size_t offset)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)offset);
    block = must(realloc(block, size * 3 + 100));
    _exit(0);
}

static void bad(size_t size)
{
    write_and_grow(size, size);
}

static void good(size_t size)
{
    write_and_grow(size, size - 1);
}
