/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * memcpy from a block that has been freed.
 *
 * profile: strict
 * expect: heap-use-after-free
 * sizes: 16 40 100 1000 5000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    with_first_blocks_and_later(size);
    char *block = text(size, 1), *to = must(malloc(size));
    free(block);
    with_memcpy(to, opaque(block), size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_memcpy, size, 1);
}
