/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses that the processor does not have are freed (the size chooses which).
 *
 * expect: bad-free
 * sizes: 0 1 2 3 4
 */
#include "misuse.h"

static const uintptr_t addresses[] = {0x4141414141414140u, 0x0000800000000000u, 0x8000000000000000u,
                                      0x00ffffffffffff00u, 0xdeadbeefdeadbee0u};

static void bad(size_t size)
{
    free(opaque((void *)addresses[size]));
}

static void good(size_t size)
{
    free(must(malloc(size)));
}
