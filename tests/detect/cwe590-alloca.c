/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory from alloca is freed.
 *
 * expect: bad-free
 * sizes: 16 100 1000
 */
#include "misuse.h"

#include <alloca.h>

static void bad(size_t size)
{
    char *text = alloca(opaque_size(size));
    memset(text, 'x', size);
    free(opaque(text));
}

static void good(size_t size)
{
    char *text = must(malloc(size));
    memset(text, 'x', size);
    free(opaque(text));
}
