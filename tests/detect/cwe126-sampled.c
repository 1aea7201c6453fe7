/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What lies behind a small block is read, where the block is one of those that have a page of their own: one
 * of the first, and one of many later.
 *
 * expect: fault
 * sizes: 16 48 208 1008 4000
 * profile: strict
 */
#include "misuse.h"

enum {
    FIRST = 100, /* some more than the first ones that are sampled whatever happens */
    MANY = 200000
};

static void read_all(const char *block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        (void)*(const volatile char *)(block + i);
}

static void use(size_t size, size_t beyond)
{
    static void *kept[FIRST];
    for (size_t i = 0; i < FIRST; i++)
        kept[i] = must(malloc(size));
    for (size_t i = 0; i < MANY; i++) {
        char *block = must(malloc(size));
        read_all(opaque(block + size), beyond);
        free(block);
    }
    for (size_t i = 0; i < FIRST; i++)
        free(kept[i]);
}

static void bad(size_t size)
{
    use(size, 1);
}

static void good(size_t size)
{
    use(size, 0);
}
