/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * free_sized with another size than was asked for.
 *
 * expect: new-delete-type-mismatch
 * sizes: some 131072 1048576
 */
#include "misuse.h"

#include <dlfcn.h>

static void free_with_size(void *block, size_t size)
{
    void (*free_sized_of_library)(void *, size_t) =
        (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    if (free_sized_of_library == NULL)
        _exit(3);
    free_sized_of_library(block, size);
}

static void bad(size_t size)
{
    free_with_size(must(malloc(size)), size + 1);
}

static void good(size_t size)
{
    free_with_size(must(malloc(size)), size);
}
