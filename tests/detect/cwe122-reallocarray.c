/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One byte past an array that reallocarray made longer.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: 12 24 36 120 252 300 516 1020 1500 4092 12000 60000 120000 600000
 * needs: canaries
 */
#include "misuse.h"

static void write_array(size_t size, size_t offset)
{
    char *array = must(reallocarray(NULL, 1, 12));
    array = must(reallocarray(array, size / 12, 12));
    damage(array, (ptrdiff_t)offset);
    free(array);
}

static void bad(size_t size)
{
    write_array(size, size / 12 * 12);
}

static void good(size_t size)
{
    write_array(size, size / 12 * 12 - 1);
}
