/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte directly after a block changes; free finds it.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small classes large
 * needs: canaries
 */
#include "misuse.h"

static void write_until(size_t size, size_t end)
{
    char *block = must(malloc(size));
    memset(block, 'x', size);
    damage(block, (ptrdiff_t)end - 1);
    free(block);
}

static void bad(size_t size)
{
    write_until(size, size + 1);
}

static void good(size_t size)
{
    write_until(size, size);
}
