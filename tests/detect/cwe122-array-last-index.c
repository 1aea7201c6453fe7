/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An index one past an array of 8-byte numbers: `<=` where `<` was meant.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: 8 16 24 32 64 80 96 112 120 128 160 200 256 320 512 1000 1024 4096 8192 65536 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

static void fill_array(size_t size, size_t last)
{
    uint64_t *numbers = must(malloc(size));
    for (size_t i = 0; i <= last; i++)
        numbers[i] = i * 0x0101010101010101u + 0x4142434445464748u;
    free(numbers);
}

static void bad(size_t size)
{
    fill_array(size, size / sizeof(uint64_t));
}

static void good(size_t size)
{
    fill_array(size, size / sizeof(uint64_t) - 1);
}
