/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A string from strdup is given to delete[].
 *
 * expect: new-delete-type-mismatch
 * needs: canaries
 */
#include "misuse.h"

#include <new>

static void bad(size_t)
{
    char text[] = "a string";
    delete[] static_cast<char *>(opaque(must(strdup(text))));
}

static void good(size_t)
{
    char text[] = "a string";
    free(opaque(must(strdup(text))));
}
