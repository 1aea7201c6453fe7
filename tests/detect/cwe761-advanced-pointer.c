/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A string is walked with the pointer that is later freed.
 *
 * expect: bad-free
 * sizes: 5 17 100 1000
 */
#include "misuse.h"

static void skip_blanks_and_free(char *text, bool keep_start)
{
    char *start = text;
    while (*text == ' ')
        text++;
    free(opaque(keep_start ? start : text));
}

static char *blanks(size_t size)
{
    char *text = must(malloc(size));
    memset(text, ' ', size);
    text[size - 2] = 'x';
    text[size - 1] = '\0';
    return text;
}

static void bad(size_t size)
{
    skip_blanks_and_free(blanks(size), false);
}

static void good(size_t size)
{
    skip_blanks_and_free(blanks(size), true);
}
