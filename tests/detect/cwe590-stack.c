/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An array on the stack is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t size)
{
    char local[256];
    memset(local, 'x', sizeof local);
    (void)size;
    free(opaque(local + (16 - (uintptr_t)local % 16) % 16));
}

static void good(size_t size)
{
    free(opaque(must(malloc(size))));
}
