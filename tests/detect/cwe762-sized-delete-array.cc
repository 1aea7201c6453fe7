/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * operator delete[] with another size than operator new[].
 *
 * expect: new-delete-type-mismatch
 * sizes: some large
 */
#include "misuse.h"

#include <new>

static void bad(size_t size)
{
    ::operator delete[](opaque(::operator new[](size)), size + 1);
}

static void good(size_t size)
{
    ::operator delete[](opaque(::operator new[](size)), size);
}
