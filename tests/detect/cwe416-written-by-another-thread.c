/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One thread frees a block, another writes to it.
 *
 * expect: write-after-free
 * sizes: some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void *write_on_thread(void *block)
{
    damage(block, 0);
    return NULL;
}

static void bad(size_t size)
{
    void *block = must(malloc(size));
    free(block);
    on_another_thread(write_on_thread, block);
    churn(size);
}

static void good(size_t size)
{
    void *block = must(malloc(size));
    on_another_thread(write_on_thread, block);
    free(block);
    churn(size);
}
