/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * show: one line with the features in force, as far as a program can tell; "passthrough" without any,
 * "absent" without the library. The first call of this program comes before the C library knows the
 * environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compatmalloc.h"
#include "opaque.h"

#pragma weak compatmalloc_features_string

static int too_late = 1;

static void call_early(void)
{
    too_late = environ != NULL;
    free(opaque(malloc(40)));
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = call_early;

int main(void)
{
    if (too_late)
        puts("the environment was there before the first call");
    if (!compatmalloc_features_string)
        puts("absent");
    else
        puts(*compatmalloc_features_string() ? compatmalloc_features_string() : "passthrough");
    return 0;
}
