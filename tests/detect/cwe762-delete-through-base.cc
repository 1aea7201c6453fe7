/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An object is deleted through a base that is smaller and has no virtual destructor.
 *
 * expect: new-delete-type-mismatch
 */
#include "misuse.h"

#include <new>

namespace
{
struct base {
    long first;
};
struct derived : base {
    long more[5];
};
} // namespace

static void bad(size_t)
{
    delete static_cast<base *>(opaque(new derived));
}

static void good(size_t)
{
    delete static_cast<derived *>(opaque(new derived));
    delete static_cast<base *>(opaque(new base));
}
