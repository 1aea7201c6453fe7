/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The address of a function is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t size)
{
    (void)size;
    uintptr_t code = (uintptr_t)&bad;
    free(opaque((void *)(code & ~(uintptr_t)15)));
}

static void good(size_t size)
{
    free(opaque(must(malloc(size))));
}
