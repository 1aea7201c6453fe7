/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses in the kernel's half are freed (the size chooses which).
 *
 * expect: bad-free
 * sizes: 0 1 2 3
 */
#include "misuse.h"

static const uintptr_t addresses[] = {0xffff800000000000u, 0xffffffff81000000u, UINTPTR_MAX - 15,
                                      0xffffc90000000000u};

static void bad(size_t size)
{
    free(opaque((void *)addresses[size]));
}

static void good(size_t size)
{
    free(must(malloc(size)));
}
