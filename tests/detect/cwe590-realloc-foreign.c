/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses that are no block are passed to realloc (the size chooses which).
 *
 * expect: bad-free
 * sizes: 0 1 2 3
 */
#include "misuse.h"

static _Alignas(64) char global[256];

static void bad(size_t size)
{
    _Alignas(16) char local[64];
    void *foreign[] = {opaque(local), opaque(global), opaque((void *)0x4141414141414140u),
                       opaque((void *)16)};
    free(realloc(foreign[size], 500));
}

static void good(size_t size)
{
    free(realloc(must(malloc(size)), 500));
}
