/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A loop over a vector that goes one element too far.
 *
 * expect: heap-buffer-overflow
 * sizes: 1 10 100 1000
 * needs: canaries
 */
#include "misuse.h"

#include <vector>

static void count_up(size_t size, size_t end)
{
    std::vector<int> numbers(size);
    volatile int *number = static_cast<int *>(opaque(numbers.data()));
    for (size_t i = 0; i < end; i++)
        number[i] = static_cast<int>(i);
}

static void bad(size_t size)
{
    count_up(size, size + 1);
}

static void good(size_t size)
{
    count_up(size, size);
}
