/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2024-2961: one, two or three bytes with fixed values are written past the end of the block that a
 * caller gave iconv. See iso-2022.h. The size is the block's; size % 3 decides how many bytes it is.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * expect strict: heap-buffer-overflow
 * expect strict from 4096: heap-buffer-overflow | fault
 * sizes: 99 100 101 102 103 104 some large
 * needs: canaries guard-pages
 */
#include "iso-2022.h"

/* As callers of iconv do: when it says that there is no room left, the block is enlarged. */
static void convert_in_growing_block(size_t size, size_t room)
{
    char *block = must(malloc(size));
    if (!convert_text(block, size, room))
        block = must(realloc(block, 2 * size));
    free(block);
}

static void bad(size_t size)
{
    size_t room = 1 + size % 3;
    convert_in_growing_block(size, room < size ? room : size);
}

static void good(size_t size)
{
    convert_in_growing_block(size + 8, 8);
    convert_in_growing_block(size + 4, 4);
}
