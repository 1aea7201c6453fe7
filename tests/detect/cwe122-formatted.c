/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * snprintf is told of more room than there is.
 *
 * expect: heap-buffer-overflow
 * sizes: 2 10 50 100 1000 10000
 * needs: canaries
 */
#include "misuse.h"

static void print_number(size_t room, size_t claimed)
{
    char *text = must(malloc(room));
    snprintf(opaque(text), opaque_size(claimed), "%0*d", (int)claimed, 7);
    free(text);
}

static void bad(size_t size)
{
    print_number(size, size + 1);
}

static void good(size_t size)
{
    print_number(size, size);
}
