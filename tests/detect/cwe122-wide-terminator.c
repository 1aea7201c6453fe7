/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wcscpy into a block with room for the characters but not for the one that ends them.
 *
 * expect: heap-buffer-overflow
 * sizes: 1 5 10 50 100 1000
 * needs: canaries
 */
#include "misuse.h"

#include <wchar.h>

static void copy_string(size_t length, size_t room)
{
    wchar_t *original = must(calloc(length + 1, sizeof *original));
    for (size_t i = 0; i < length; i++)
        original[i] = L'x';
    wchar_t *copy = must(malloc(room * sizeof *copy));
    wcscpy(opaque(copy), original);
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
