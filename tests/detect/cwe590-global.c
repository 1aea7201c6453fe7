/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A global array is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static _Alignas(64) char global[4096];

static void bad(size_t size)
{
    (void)size;
    free(opaque(global));
}

static void good(size_t size)
{
    free(opaque(must(malloc(size))));
}
