/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One thread writes past the end of a block, another frees it.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)size);
    on_another_thread(free_on_thread, block);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)size - 1);
    on_another_thread(free_on_thread, block);
}
