/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One thread frees a block after another already has.
 *
 * expect: double-free
 * sizes: 0 some large
 */
#include "misuse.h"

static void bad(size_t size)
{
    void *block = must(malloc(size));
    on_another_thread(free_on_thread, block);
    free(opaque(block));
}

static void good(size_t size)
{
    void *block = must(malloc(size));
    on_another_thread(free_on_thread, block);
}
