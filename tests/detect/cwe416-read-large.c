/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed large block is read.
 *
 * expect: fault
 * sizes: large
 * needs: quarantine
 */
#include "misuse.h"

static volatile char seen;

static void bad(size_t size)
{
    const volatile char *block = opaque(must(calloc(1, size)));
    free(opaque(block));
    seen = block[size - 1];
}

static void good(size_t size)
{
    const volatile char *block = opaque(must(calloc(1, size)));
    seen = block[size - 1];
    free(opaque(block));
}
