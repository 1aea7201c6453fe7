/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A method is called of an object that has been deleted.
 *
 * expect: fault
 * needs: poison-on-free
 */
#include "misuse.h"

namespace
{
struct shape {
    virtual ~shape() = default;
    virtual double area() const = 0;
};
struct square : shape {
    double side = 2;
    double area() const override
    {
        return side * side;
    }
};
} // namespace

static volatile double seen;

static void measure(bool too_late)
{
    shape *some = static_cast<square *>(opaque(new square));
    if (!too_late)
        seen = some->area();
    delete some;
    if (too_late)
        seen = static_cast<shape *>(opaque(some))->area();
}

static void bad(size_t)
{
    measure(true);
}

static void good(size_t)
{
    measure(false);
}
