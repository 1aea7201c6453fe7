/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Room for as many bytes as there are to be numbers.
 *
 * expect: heap-buffer-overflow
 * expect from 1000: heap-buffer-overflow | fault
 * sizes: 1 3 10 50 100 1000 5000 50000
 * needs: canaries
 */
#include "misuse.h"

static void count_up(size_t numbers, size_t bytes)
{
    int *block = must(malloc(bytes));
    volatile int *number = opaque(block);
    for (size_t i = 0; i < numbers; i++)
        number[i] = (int)i;
    free(block);
}

static void bad(size_t size)
{
    count_up(size, size);
}

static void good(size_t size)
{
    count_up(size, size * sizeof(int));
}
