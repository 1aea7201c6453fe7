/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * strcpy to a block that has been freed.
 *
 * profile: strict
 * expect: write-after-free
 * sizes: 16 40 100 1000 5000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    with_first_blocks_and_later(size);
    char *block = must(malloc(size)), *from = text(size, 1);
    free(block);
    with_strcpy(opaque(block), from, size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_strcpy, size, 1);
}
