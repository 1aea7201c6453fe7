/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed block is written to, and then the process ends.
 *
 * expect: write-after-free
 * expect from 4096: write-after-free | fault
 * sizes: some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void use(size_t size, bool too_late)
{
    char *block = must(malloc(size));
    if (!too_late)
        damage(block, (ptrdiff_t)size / 2);
    free(block);
    if (too_late)
        damage(block, (ptrdiff_t)size / 2);
}

static void bad(size_t size)
{
    use(size, true);
}

static void good(size_t size)
{
    use(size, false);
}
