/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * strcat with one byte more than the block has that it copies to.
 *
 * profile: strict
 * expect: heap-buffer-overflow
 * sizes: 1 16 24 100 1000 4096 10000 100000
 */
#include "copying.h"

static void bad(size_t size)
{
    write_past(with_strcat, size, 1);
}

static void good(size_t size)
{
    copy_exactly(with_strcat, size, 1);
}
