/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A thread frees a block and ends; its place is taken by new threads; then the block is freed again.
 *
 * expect: double-free
 * sizes: some
 */
#include "misuse.h"

static void *work(void *size)
{
    /* Not the block's own class: its memory must not be handed out again before the second free. */
    free(malloc((size_t)size * 3 + 1000));
    return NULL;
}

static void end_threads_between(size_t size, bool twice)
{
    void *block = must(malloc(size));
    on_another_thread(free_on_thread, block);
    for (size_t i = 0; i < 20; i++)
        on_another_thread(work, (void *)size);
    if (twice)
        free(opaque(block));
}

static void bad(size_t size)
{
    end_threads_between(size, true);
}

static void good(size_t size)
{
    end_threads_between(size, false);
}
