/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * strcpy from a block that has been freed.
 *
 * profile: strict
 * expect: heap-use-after-free
 * expect from 4096: heap-use-after-free | fault
 * sizes: 16 40 100 1000 5000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    with_first_blocks_and_later(size);
    char *block = text(size, 1), *to = must(malloc(size));
    free(block);
    with_strcpy(to, opaque(block), size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_strcpy, size, 1);
}
