/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed large block is written to.
 *
 * expect: fault
 * sizes: large
 * needs: quarantine
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    damage(block, (ptrdiff_t)size / 2);
    churn(size);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)size / 2);
    free(block);
}
