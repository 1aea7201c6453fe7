/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The byte directly before a large block changes.
 *
 * expect: heap-buffer-underflow | fault
 * sizes: large
 * needs: canaries guard-pages
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    damage(block, -1);
    free(block);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    damage(block, 0);
    free(block);
}
