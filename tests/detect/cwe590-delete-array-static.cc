/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete[] of an array that is static.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t)
{
    static long numbers[64] = {1};
    delete[] static_cast<long *>(opaque(numbers));
}

static void good(size_t)
{
    delete[] static_cast<long *>(opaque(new long[64]));
}
