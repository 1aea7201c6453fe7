/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An overflow long enough to reach the next block's contents.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

static void write_run(size_t size, size_t length)
{
    char *block = must(malloc(size));
    volatile char *bytes = opaque(block);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 7 + 1);
    free(block);
}

static void bad(size_t size)
{
    write_run(size, size + 48);
}

static void good(size_t size)
{
    write_run(size, size);
}
