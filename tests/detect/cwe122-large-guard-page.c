/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A write a page behind the end of a large block meets its guard page.
 *
 * expect: fault
 * sizes: large
 * needs: guard-pages
 */
#include "misuse.h"

static void bad(size_t size)
{
    volatile char *block = opaque(must(malloc(size)));
    size_t rest_of_page = 4096 - (uintptr_t)(block + size) % 4096;
    block[size + rest_of_page % 4096 + 64] = 'x';
    free(opaque(block));
}

static void good(size_t size)
{
    volatile char *block = opaque(must(malloc(size)));
    block[size - 1] = 'x';
    free(opaque(block));
}
