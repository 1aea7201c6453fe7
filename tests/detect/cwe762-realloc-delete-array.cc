/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block from realloc is given to operator delete[].
 *
 * expect: new-delete-type-mismatch
 * sizes: 1 16 24 100 256 1000 4000 10000 60000 100000 200001
 * needs: canaries
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    ::operator delete[](opaque(must(realloc(must(malloc(10)), size))));
}

static void good(size_t size)
{
    free(opaque(must(realloc(must(malloc(10)), size))));
    ::operator delete[](opaque(::operator new[](size)));
}
