/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two smart pointers are made for one object, each of which takes it for its own.
 *
 * expect: double-free
 */
#include "misuse.h"

#include <memory>

static void bad(size_t)
{
    int *number = new int(1);
    std::shared_ptr<int> one(number);
    std::shared_ptr<int> other(static_cast<int *>(opaque(number)));
}

static void good(size_t)
{
    std::shared_ptr<int> one(new int(1));
    std::shared_ptr<int> other = one;
}
