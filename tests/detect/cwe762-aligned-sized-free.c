/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * free_aligned_sized with another size than was asked for.
 *
 * expect: new-delete-type-mismatch
 * sizes: 64 256 4096 65536 1048576
 */
#include "misuse.h"

#include <dlfcn.h>

typedef void free_aligned_sized_function(void *block, size_t alignment, size_t size);

static void free_with_size(void *block, size_t alignment, size_t size)
{
    free_aligned_sized_function *function =
        (free_aligned_sized_function *)dlsym(RTLD_DEFAULT, "free_aligned_sized");
    if (function == NULL)
        _exit(3);
    function(block, alignment, size);
}

static void bad(size_t size)
{
    free_with_size(must(aligned_alloc(64, size)), 64, size * 2);
}

static void good(size_t size)
{
    free_with_size(must(aligned_alloc(64, size)), 64, size);
}
