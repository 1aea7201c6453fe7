/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One byte past the end of a block that realloc made larger.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void grow_and_write(size_t size, size_t offset)
{
    char *block = must(malloc(size / 2 + 1));
    block = must(realloc(block, size));
    damage(block, (ptrdiff_t)offset);
    free(block);
}

static void bad(size_t size)
{
    grow_and_write(size, size);
}

static void good(size_t size)
{
    grow_and_write(size, size - 1);
}
