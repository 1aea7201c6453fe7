/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An array on a thread's stack is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void *free_own_stack(void *unused)
{
    _Alignas(16) char local[64];
    (void)unused;
    free(opaque(local));
    return NULL;
}

static void bad(size_t size)
{
    (void)size;
    on_another_thread(free_own_stack, NULL);
}

static void good(size_t size)
{
    on_another_thread(free_on_thread, must(malloc(size)));
}
