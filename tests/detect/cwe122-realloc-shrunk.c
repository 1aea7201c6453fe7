/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block was made smaller with realloc and is still used in its old size.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void shrink_and_write(size_t size, size_t offset)
{
    char *block = must(malloc(size + 7));
    memset(block, 'x', size + 7);
    block = must(realloc(block, size));
    damage(block, (ptrdiff_t)offset);
    free(block);
}

static void bad(size_t size)
{
    shrink_and_write(size, size);
}

static void good(size_t size)
{
    shrink_and_write(size, size - 1);
}
