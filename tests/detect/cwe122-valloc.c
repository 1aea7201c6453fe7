/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One byte past the end of a page-aligned block.
 *
 * expect: heap-buffer-overflow
 * expect from 4096: heap-buffer-overflow | fault
 * sizes: some 8192 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(valloc(size));
    damage(block, (ptrdiff_t)size);
    free(block);
}

static void good(size_t size)
{
    char *block = must(valloc(size));
    damage(block, (ptrdiff_t)size - 1);
    free(block);
}
