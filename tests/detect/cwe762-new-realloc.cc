/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block from operator new[] is given to realloc.
 *
 * expect: new-delete-type-mismatch
 * sizes: 1 16 24 100 256 1000 4000 10000 60000 100000 200001
 * needs: canaries
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    free(must(realloc(opaque(::operator new[](size)), size * 2)));
}

static void good(size_t size)
{
    free(must(realloc(must(malloc(size)), size * 2)));
    ::operator delete[](opaque(::operator new[](size)));
}
