/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A vector grows, and an iterator from before is used.
 *
 * expect: write-after-free
 * sizes: 4 50 200
 * needs: write-after-free-check
 */
#include "misuse.h"

#include <vector>

static void grow(size_t size, bool keep)
{
    std::vector<int> numbers(size);
    int *first = static_cast<int *>(opaque(numbers.data()));
    numbers.resize(size * 4);
    if (!keep)
        first = numbers.data();
    *static_cast<volatile int *>(first) = 7;
}

static void bad(size_t size)
{
    grow(size, true);
}

static void good(size_t size)
{
    grow(size, false);
}
