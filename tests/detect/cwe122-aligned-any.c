/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One byte past the end of a 100-byte block, at each alignment (the size is the alignment).
 *
 * expect: heap-buffer-overflow
 * sizes: 16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536 131072 262144 1048576 2097152
 * needs: canaries
 */
#include "misuse.h"

static void write_aligned(size_t alignment, ptrdiff_t offset)
{
    void *block = must(aligned_alloc(alignment, 100));
    damage(block, offset);
    free(block);
}

static void bad(size_t size)
{
    write_aligned(size, 100);
}

static void good(size_t size)
{
    write_aligned(size, 99);
}
