/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An aligned block is freed twice (the size is the alignment).
 *
 * expect: double-free
 * sizes: 32 64 256 1024 4096 16384 65536 1048576 2097152
 */
#include "misuse.h"

static void bad(size_t size)
{
    void *block = must(aligned_alloc(size, 300));
    free(block);
    free(opaque(block));
}

static void good(size_t size)
{
    void *block = must(aligned_alloc(size, 300));
    free(block);
}
