/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * memcpy of the source's length into a block of another.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

static void copy(size_t room, size_t length)
{
    char *source = must(calloc(1, length));
    memset(source, 'A', length);
    char *target = must(malloc(room));
    memcpy(opaque(target), source, length);
    free(target);
    free(source);
}

static void bad(size_t size)
{
    copy(size, size + 13);
}

static void good(size_t size)
{
    copy(size + 13, size + 13);
}
