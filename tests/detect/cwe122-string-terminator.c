/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * strcpy into a block with room for the characters but not for the NUL that ends them.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: small classes large
 * needs: canaries
 */
#include "misuse.h"

static void copy_string(size_t length, size_t room)
{
    char *original = must(malloc(length + 1));
    memset(original, 'x', length);
    original[length] = '\0';
    char *copy = must(malloc(room));
    strcpy(opaque(copy), original);
    free(copy);
    free(original);
}

static void bad(size_t size)
{
    copy_string(size, size);
}

static void good(size_t size)
{
    copy_string(size, size + 1);
}
