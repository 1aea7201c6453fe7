/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One byte past the end of a cache-line-aligned block.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small some large
 * needs: canaries
 */
#include "misuse.h"

static void write_aligned(size_t size, size_t offset)
{
    void *block = NULL;
    if (posix_memalign(&block, 64, size) != 0)
        _exit(3);
    memset(block, 'x', size);
    damage(block, (ptrdiff_t)offset);
    free(block);
}

static void bad(size_t size)
{
    write_aligned(size, size);
}

static void good(size_t size)
{
    write_aligned(size, size - 1);
}
