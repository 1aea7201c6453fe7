/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * memcpy to eight bytes before a block.
 *
 * profile: strict
 * expect: heap-buffer-underflow | heap-buffer-overflow | fault
 * sizes: 16 40 100 1000 5000
 */
#include "copying.h"

static void bad(size_t size)
{
    with_first_blocks_and_later(size);
    char *block = must(malloc(size));
    with_memcpy(opaque(block - 8), text(size, 1), size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_memcpy, size, 1);
}
