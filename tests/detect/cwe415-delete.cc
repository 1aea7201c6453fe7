/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete, twice.
 *
 * expect: double-free
 */
#include "misuse.h"

namespace
{
struct object {
    long numbers[10];
};
} // namespace

static object *deleted_once()
{
    object *made = static_cast<object *>(opaque(new object()));
    delete made;
    return static_cast<object *>(opaque(made));
}

static void bad(size_t)
{
    delete deleted_once();
}

static void good(size_t)
{
    (void)deleted_once();
    delete static_cast<object *>(nullptr);
}
