/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The exported functions that hand out, resize and take back blocks. Sizes and alignments are in bytes. Each
 * checks what the standard says about its arguments and goes on in the variant of the hot paths that serves
 * this process.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "caller.h"
#include "constants.h"
#include "paths.h"

/*
 * A block of `size` bytes, aligned for any fundamental type (16). size 0: a unique pointer that must not be
 * used, and faults if it is. NULL with ENOMEM if there is no memory or size > PTRDIFF_MAX. Contents are
 * unspecified; with zero-on-free, zero. C23 7.24.3.6; POSIX.1-2017.
 */
EXPORT void *malloc(size_t size)
{
    return constants.dispatch.malloc(size);
}

/* An array of `count` zeroed elements of `size` bytes; NULL with ENOMEM also where the product overflows.
 * C23 7.24.3.2. */
EXPORT void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return constants.dispatch.calloc(bytes);
}

/* Release a block. NULL: nothing. Anything but the start of a live block is reported. Keeps errno
 * (POSIX.1-2024). C23 7.24.3.3. */
EXPORT void free(void *block)
{
    constants.dispatch.free(block);
}

/*
 * Resize a block, keeping its contents up to the smaller size. NULL block: malloc(size). size 0: free(block)
 * and NULL, as glibc does (undefined in C23). NULL with ENOMEM leaves the block as it was. C23 7.24.3.7,
 * glibc manual 3.2.3.4.
 */
EXPORT void *realloc(void *block, size_t size)
{
    if (!block)
        return constants.dispatch.malloc(size);
    if (size == 0) {
        CALLER_NOTE();
        constants.dispatch.release(block, "realloc", KIND_MALLOC);
        return NULL;
    }
    return constants.dispatch.realloc(block, size);
}

/*
 * Store a block of `size` bytes at a multiple of `alignment`, a power of two multiple of sizeof(void *), in
 * *block. Returns 0, EINVAL for another alignment, ENOMEM, which is in errno as well, as in glibc; *block is
 * untouched then. POSIX.1-2017.
 */
EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    CALLER_NOTE();
    int saved = errno;
    void *result = constants.dispatch.aligned(alignment, size, KIND_MALLOC);
    if (!result)
        return errno; /* glibc's leaves it there, too */
    errno = saved;
    *block = result;
    return 0;
}

/* As glibc 2.36: an alignment that is no power of two is rounded up to one; one that has none is EINVAL.
 * glibc manual 3.2.3.6. */
EXPORT void *memalign(size_t alignment, size_t size)
{
    if (alignment > SIZE_LIMIT / 2 + 1) {
        errno = alignment > SIZE_MAX / 2 + 1 ? EINVAL : ENOMEM;
        return NULL;
    }
    if (alignment < MALLOC_ALIGNMENT)
        alignment = MALLOC_ALIGNMENT;
    if (!is_power_of_two(alignment))
        alignment = (size_t)1 << (64 - __builtin_clzll(alignment));
    return constants.dispatch.aligned(alignment, size, KIND_MALLOC);
}

/* `alignment` must be a power of two, else NULL with EINVAL; size need not be a multiple of it (C23 dropped
 * that). C23 7.24.3.1. */
EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return memalign(alignment, size);
}

/* A block aligned to a page. Obsolete; glibc manual 3.2.3.6. */
EXPORT void *valloc(size_t size)
{
    return constants.dispatch.aligned((size_t)getauxval(AT_PAGESZ), size, KIND_MALLOC);
}

/* The same with the size rounded up to whole pages. Obsolete. */
EXPORT void *pvalloc(size_t size)
{
    size_t page = (size_t)getauxval(AT_PAGESZ);
    if (size > SIZE_LIMIT - page) {
        errno = ENOMEM;
        return NULL;
    }
    return constants.dispatch.aligned(page, size == 0 ? page : round_up(size, page), KIND_MALLOC);
}

/*
 * Bytes of a block that the program may use; 0 for NULL. With canaries, exactly the size that was asked for:
 * what lies behind holds the canary, so a program that used it would be stopped. malloc_usable_size(3).
 */
EXPORT size_t malloc_usable_size(void *block)
{
    return block ? constants.dispatch.usable_size(block) : 0;
}

void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

/* free(), by the name it had in SunOS; programs linked before glibc 2.26 may ask for it. */
EXPORT void cfree(void *block)
{
    free(block);
}

/* free() of a block that malloc, calloc or realloc made with that size; another size is reported.
 * C23 7.24.3.4. */
EXPORT void free_sized(void *block, size_t size)
{
    if (block)
        constants.dispatch.release_sized(block, 0, size, "free_sized", KIND_MALLOC);
}

/* free() of a block that aligned_alloc made with that alignment and size; others are reported. C23 7.24.3.5.
 */
EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    if (block)
        constants.dispatch.release_sized(block, alignment ? alignment : SIZE_MAX, size, "free_aligned_sized",
                                         KIND_MALLOC);
}
