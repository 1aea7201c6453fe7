/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * stpncpy with more bytes than the block has that it copies from.
 *
 * profile: strict
 * expect: heap-buffer-overflow | fault
 * sizes: 1 16 24 100 1000 4096 10000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    read_past(with_stpncpy, size, 1);
}

static void good(size_t size)
{
    copy_exactly(with_stpncpy, size, 1);
}
