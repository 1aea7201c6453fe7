/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The start of the page in which a large block starts is freed.
 *
 * expect: bad-free
 * sizes: 200000 300001 1000000 5000001
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    uintptr_t page = (uintptr_t)block & ~(uintptr_t)4095;
    free(opaque((void *)(page == (uintptr_t)block ? page - 4096 : page)));
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    free(block);
}
