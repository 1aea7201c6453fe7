/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte before a block that is never freed changes: found when the process ends, or at once where a guard
 * page is.
 *
 * expect: heap-buffer-underflow | heap-buffer-overflow | write-after-free | fault
 * sizes: 1 20 40 100 200 500 1000
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
