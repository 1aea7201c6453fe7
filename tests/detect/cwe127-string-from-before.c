/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * strcpy from eight bytes before a block.
 *
 * profile: strict
 * expect: heap-buffer-underflow | heap-buffer-overflow | fault
 * sizes: 16 40 100 1000 5000
 */
#include "copying.h"

static void bad(size_t size)
{
    with_first_blocks_and_later(size);
    char *block = text(size, 1);
    with_strcpy(must(malloc(size + 8)), opaque(block - 8), size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_strcpy, size, 1);
}
