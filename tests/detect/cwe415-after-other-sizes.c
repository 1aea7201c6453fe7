/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A block is freed again after work with blocks of other sizes.
 *
 * expect: double-free
 * sizes: some 131073 1048577 5000001
 */
#include "misuse.h"

static void work_between(size_t size, bool twice)
{
    void *block = must(malloc(size));
    free(block);
    for (size_t i = 0; i < 2000; i++) {
        /* Other classes: at least twice the size, and never near it. */
        void *other = must(malloc(size * 2 + 300 + i % 50));
        free(other);
    }
    if (twice)
        free(opaque(block));
}

static void bad(size_t size)
{
    work_between(size, true);
}

static void good(size_t size)
{
    work_between(size, false);
}
