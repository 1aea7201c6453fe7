/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wmempcpy with more wide characters than the block has that it copies from.
 *
 * profile: strict
 * expect: heap-buffer-overflow
 * sizes: 4 16 24 100 1000 4096 10000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    read_past(with_wmempcpy, size, sizeof(wchar_t));
}

static void good(size_t size)
{
    copy_exactly(with_wmempcpy, size, sizeof(wchar_t));
}
