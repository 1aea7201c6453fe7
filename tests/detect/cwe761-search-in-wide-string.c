/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A wide string is searched with the pointer that is later freed.
 *
 * expect: bad-free
 * sizes: 3 10 100 1000
 */
#include "misuse.h"

#include <wchar.h>

static void find_and_free(size_t size, bool keep_start)
{
    wchar_t *start = must(calloc(size, sizeof *start)), *text = start;
    for (size_t i = 0; i < size - 1; i++)
        start[i] = L'x';
    while (*text != L'\0' && *text != L'S')
        text++;
    free(opaque(keep_start ? start : text));
}

static void bad(size_t size)
{
    find_and_free(size, false);
}

static void good(size_t size)
{
    find_and_free(size, true);
}
