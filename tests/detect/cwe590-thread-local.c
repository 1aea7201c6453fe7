/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A thread-local array is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static _Thread_local _Alignas(16) char local[64];

static void bad(size_t size)
{
    (void)size;
    local[0] = 1;
    free(opaque(local));
}

static void good(size_t size)
{
    free(opaque(must(malloc(size))));
}
