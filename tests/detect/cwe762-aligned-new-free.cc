/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block from operator new with an alignment is given to free.
 *
 * expect: new-delete-type-mismatch
 * sizes: 16 24 100 1000 10000
 * needs: canaries
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    free(opaque(::operator new(size, std::align_val_t(64))));
}

static void good(size_t size)
{
    ::operator delete(opaque(::operator new(size, std::align_val_t(64))), std::align_val_t(64));
    ::operator delete[](opaque(::operator new[](size, std::align_val_t(4096))), std::align_val_t(4096));
    ::operator delete(opaque(::operator new(size, std::align_val_t(64))), size, std::align_val_t(64));
}
