/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * operator delete with the alignment of operator new, but another size.
 *
 * expect: new-delete-type-mismatch
 * sizes: some large
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    ::operator delete(opaque(::operator new(size, std::align_val_t(64))), size + 64, std::align_val_t(64));
}

static void good(size_t size)
{
    ::operator delete(opaque(::operator new(size, std::align_val_t(64))), size, std::align_val_t(64));
}
