/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole string is copied to some characters before the array that it was meant for, which is never deleted.
 *
 * expect: heap-buffer-underflow | heap-buffer-overflow | write-after-free | fault
 * sizes: 20 100 1000
 * needs: canaries
 */
#include "misuse.h"

static void fill(size_t size, ptrdiff_t from)
{
    volatile wchar_t *text = static_cast<wchar_t *>(opaque(new wchar_t[size])) + from;
    for (size_t i = 0; i < size; i++)
        text[i] = L'x';
}

static void bad(size_t size)
{
    fill(size, -8);
}

static void good(size_t size)
{
    fill(size, 0);
}
