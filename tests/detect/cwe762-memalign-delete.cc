/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block from aligned_alloc is given to operator delete.
 *
 * expect: new-delete-type-mismatch
 * sizes: 64 256 1024 10240
 * needs: canaries
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    ::operator delete(opaque(must(aligned_alloc(64, size))));
}

static void good(size_t size)
{
    free(opaque(must(aligned_alloc(64, size))));
    ::operator delete(opaque(::operator new(size, std::align_val_t(64))), std::align_val_t(64));
}
