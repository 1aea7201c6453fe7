/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A large block grows; its old address, if it moved, is read.
 *
 * expect: fault
 * sizes: large
 * needs: quarantine
 */
#include "misuse.h"

static volatile char seen;

/* Something directly behind would force the move; so would a growth that no gap between mappings can hold. */
static const volatile char *grow_until_moved(const volatile char **block, size_t size)
{
    const volatile char *old = *block;
    while (*block == old) {
        size *= 8;
        *block = opaque(must(realloc(opaque(*block), size)));
        if (size > (size_t)1 << 40)
            _exit(3);
    }
    return old;
}

static void bad(size_t size)
{
    const volatile char *block = opaque(must(calloc(1, size)));
    const volatile char *old = grow_until_moved(&block, size);
    seen = old[size - 1];
}

static void good(size_t size)
{
    const volatile char *block = opaque(must(calloc(1, size)));
    grow_until_moved(&block, size);
    seen = block[size - 1];
    free(opaque(block));
}
