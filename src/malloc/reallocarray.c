/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * reallocarray, which many programs that bring an allocator of their own leave out: their blocks have to go
 * to their realloc. So this file calls the one that the dynamic linker has found, and not ours directly.
 */
#include <errno.h>
#include <stdlib.h>

#include "platform.h"

/* realloc() to count * size bytes; NULL with ENOMEM, the block kept, where the product overflows.
 * POSIX.1-2024. */
EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}
