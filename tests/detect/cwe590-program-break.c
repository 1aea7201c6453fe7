/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory from sbrk is freed.
 *
 * expect: bad-free
 */
#include "misuse.h"

static void bad(size_t size)
{
    char *memory = sbrk(65536);
    memset(memory, 0, 65536);
    (void)size;
    free(opaque(memory + 4096));
}

static void good(size_t size)
{
    (void)sbrk(65536);
    free(must(malloc(size)));
}
