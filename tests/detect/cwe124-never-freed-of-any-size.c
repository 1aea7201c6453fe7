/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte before a block that is never freed changes: found when the process ends, whatever its size, if all
 * of the heap is looked at.
 *
 * profile: strict
 * expect: heap-buffer-underflow | heap-buffer-overflow | write-after-free | fault
 * sizes: some
 * needs: canaries
 */
#include "misuse.h"

static void bad(size_t size)
{
    damage(must(malloc(size)), -1);
}

static void good(size_t size)
{
    damage(must(malloc(size)), 0);
}
