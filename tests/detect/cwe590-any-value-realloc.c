/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Any 64-bit value is given to realloc: whatever it is, there is one report and no more, and no fault.
 *
 * expect: bad-free
 * options: on-error=log,journal=no
 */
#include "any_value.h"

static void release(void *pointer)
{
    if (realloc(pointer, 100) != NULL)
        fail(pointer, "realloc made a block of");
}

static void bad(size_t size)
{
    (void)size;
    release((void *)1);
    hide_further_reports();
    for_many_values(release);
    all_were_reported();
}

static void good(size_t size)
{
    free(must(realloc(must(malloc(size)), size * 2)));
}
