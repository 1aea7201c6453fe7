/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete of a number on the stack.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t)
{
    long numbers[2] = {1};
    delete static_cast<long *>(opaque(numbers));
}

static void good(size_t)
{
    delete static_cast<long *>(opaque(new long));
}
