/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An array from malloc is deleted as one object.
 *
 * expect: new-delete-type-mismatch
 * sizes: 2 10 100 1000 100000
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    delete static_cast<long *>(opaque(must(malloc(size * sizeof(long)))));
}

static void good(size_t size)
{
    free(opaque(must(malloc(size * sizeof(long)))));
    delete static_cast<long *>(opaque(new long));
}
