/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed block is overwritten from end to end.
 *
 * expect: write-after-free
 * sizes: some
 * needs: write-after-free-check
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *block = must(malloc(size));
    free(block);
    memset(opaque(block), 'U', size);
    churn(size);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    memset(opaque(block), 'U', size);
    free(block);
    churn(size);
}
