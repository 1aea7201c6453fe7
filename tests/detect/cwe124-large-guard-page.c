/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A write a page before a large block meets its guard page.
 *
 * expect: fault
 * sizes: large
 * needs: guard-pages
 */
#include "misuse.h"

static void bad(size_t size)
{
    volatile char *block = opaque(must(malloc(size)));
    block[-4096] = 'x';
    free(opaque(block));
}

static void good(size_t size)
{
    volatile char *block = opaque(must(malloc(size)));
    block[0] = 'x';
    free(opaque(block));
}
