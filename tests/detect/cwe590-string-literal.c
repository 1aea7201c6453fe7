/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A string literal is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static const _Alignas(16) char text[] = "not from malloc";

static void bad(size_t size)
{
    (void)size;
    free(opaque(text));
}

static void good(size_t size)
{
    (void)size;
    free(must(strdup(text)));
}
