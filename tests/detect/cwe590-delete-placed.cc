/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An object that was made in a buffer on the stack is deleted instead of destroyed.
 *
 * expect: bad-free
 */
#include "misuse.h"

#include <new>

namespace
{
struct object {
    long numbers[4] = {1, 2, 3, 4};
};
} // namespace

static void bad(size_t)
{
    alignas(object) char buffer[sizeof(object)];
    delete static_cast<object *>(opaque(new (buffer) object));
}

static void good(size_t)
{
    alignas(object) char buffer[sizeof(object)];
    object *placed = static_cast<object *>(opaque(new (buffer) object));
    placed->~object();
    delete static_cast<object *>(opaque(new object));
}
