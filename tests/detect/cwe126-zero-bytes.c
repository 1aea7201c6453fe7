/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block of no bytes is read.
 *
 * expect: fault
 */
#include "misuse.h"

static volatile char seen;

static void read_block(size_t size)
{
    volatile char *block = opaque(must(calloc(1, opaque_size(size))));
    seen = block[0];
    free(opaque(block));
}

static void bad(size_t size)
{
    (void)size;
    read_block(0);
}

static void good(size_t size)
{
    read_block(size);
}
