/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * realloc moves a block, and its old address is freed.
 *
 * expect: double-free
 * sizes: some
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *old = must(malloc(size));
    char *moved = must(realloc(old, size * 20 + 100000));
    free(opaque(old));
    free(moved);
}

static void good(size_t size)
{
    char *old = must(malloc(size));
    char *moved = must(realloc(old, size * 20 + 100000));
    free(moved);
}
