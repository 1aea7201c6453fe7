/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A negative length becomes a huge size. malloc fails, and the unchecked result faults at once.
 *
 * expect: fault
 * sizes: 1 16 4096
 */
#include "misuse.h"

static void bad(size_t size)
{
    volatile char *block = malloc(opaque_size(0 - size));
    block[0] = 'x';
}

static void good(size_t size)
{
    volatile char *block = must(malloc(opaque_size(size)));
    block[0] = 'x';
    free(opaque(block));
}
