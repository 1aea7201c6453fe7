/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wcscpy to eight bytes before a block.
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
    with_wcscpy(opaque(block - 8), text(size, sizeof(wchar_t)), size);
    _exit(0);
}

static void good(size_t size)
{
    copy_exactly(with_wcscpy, size, sizeof(wchar_t));
}
