/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * realloc(NULL, 0) and calloc(0, n) give blocks of no bytes, which are written to.
 *
 * expect: fault
 * sizes: 0 1
 */
#include "misuse.h"

static void bad(size_t size)
{
    volatile char *block = opaque(size == 0 ? realloc(NULL, opaque_size(0)) : calloc(opaque_size(0), 40));
    block[0] = 'x';
}

static void good(size_t size)
{
    free(size == 0 ? realloc(NULL, opaque_size(0)) : calloc(opaque_size(0), 40));
}
