/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * realloc(block, 0) has freed the block; free does it again.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

static void bad(size_t size)
{
    void *block = must(malloc(size));
    if (realloc(block, opaque_size(0)) == NULL)
        free(opaque(block));
}

static void good(size_t size)
{
    void *block = must(malloc(size));
    if (realloc(block, opaque_size(0)) != NULL)
        _exit(3);
}
