/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wcscpy with one wide character more than the block has room for that it copies to.
 *
 * profile: strict
 * expect: heap-buffer-overflow
 * sizes: 4 16 24 100 1000 4096 10000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    write_past(with_wcscpy, size, sizeof(wchar_t));
}

static void good(size_t size)
{
    copy_exactly(with_wcscpy, size, sizeof(wchar_t));
}
