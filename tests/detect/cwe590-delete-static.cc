/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete of a number that is static.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t)
{
    static long numbers[2] = {1};
    delete static_cast<long *>(opaque(numbers));
}

static void good(size_t)
{
    delete static_cast<long *>(opaque(new long));
}
