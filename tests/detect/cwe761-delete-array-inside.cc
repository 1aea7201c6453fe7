/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete[] of a pointer that has been moved into its array.
 *
 * expect: bad-free
 * sizes: 32 100 1000 10000 200000
 */
#include "misuse.h"

static void bad(size_t size)
{
    delete[](static_cast<char *>(opaque(new char[size])) + size / 2);
}

static void good(size_t size)
{
    delete[] static_cast<char *>(opaque(new char[size]));
}
