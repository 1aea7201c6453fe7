/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An array whose elements have destructors is deleted as if it were one object: how many there are stands in
 * front of them, so the block begins there.
 *
 * expect: bad-free
 * sizes: 1 2 10 1000
 */
#include "misuse.h"

namespace
{
struct element {
    long number = 0;
    ~element()
    {
        number = 1;
    }
};
} // namespace

static void bad(size_t size)
{
    delete static_cast<element *>(opaque(new element[size]));
}

static void good(size_t size)
{
    delete[] static_cast<element *>(opaque(new element[size]));
}
