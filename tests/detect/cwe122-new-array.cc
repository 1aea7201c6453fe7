/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One element past the end of an array from new[].
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some large
 * needs: canaries
 */
#include "misuse.h"

static void write_until(size_t size, size_t end)
{
    char *array = new char[size];
    damage(array, static_cast<ptrdiff_t>(end) - 1);
    delete[] array;
}

static void bad(size_t size)
{
    write_until(size, size + 1);
}

static void good(size_t size)
{
    write_until(size, size);
}
