/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block of no bytes is written to.
 *
 * expect: fault
 */
#include "misuse.h"

static void write_block(size_t size)
{
    volatile char *block = opaque(must(malloc(opaque_size(size))));
    block[0] = 'x';
    free(opaque(block));
}

static void bad(size_t size)
{
    (void)size;
    write_block(0);
}

static void good(size_t size)
{
    write_block(size);
}
