/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Small integers taken for pointers are freed (the size is the integer).
 *
 * expect: bad-free
 * sizes: 1 2 8 15 16 17 32 4095 4096 4097 65535 65536
 */
#include "misuse.h"

static void bad(size_t size)
{
    free(opaque((void *)size));
}

static void good(size_t size)
{
    free(must(malloc(size)));
}
