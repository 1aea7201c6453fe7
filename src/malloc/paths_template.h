/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The paths for one set of features: included by paths_*.c, which define PATHS_NAME and PATHS_FEATURES. */
#include "cold.h"
#include "fast.h"
#include "generic.h"
#include "paths.h"

#include <string.h>

/* --- what the fast path gives up on
 * ------------------------------------------------------------------------------- */

static NOINLINE void *malloc_generic(size_t size)
{
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    unsigned c = generic_class(size, features);
    void *block = heap && c < CLASS_COUNT ? generic_allocate(heap, c, size, features) : NULL;
    return likely(block != NULL) ? block : cold_allocate(MALLOC_ALIGNMENT, size, false);
}

static NOINLINE void *calloc_generic(size_t size)
{
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    unsigned c = generic_class(size, features);
    void *block = heap && c < CLASS_COUNT ? generic_allocate(heap, c, size, features) : NULL;
    if (unlikely(!block))
        return cold_allocate(MALLOC_ALIGNMENT, size, true);
    return generic_zeroes(features) ? block : memset(block, 0, size);
}

static NOINLINE void free_generic(void *block, const char *operation)
{
    struct heap *heap = heap_current;
    if (unlikely(!heap || !generic_free(heap, block, operation, PATHS_FEATURES)))
        cold_free(block, operation);
}

static NOINLINE void free_sized_generic(void *block, size_t alignment, size_t size, const char *operation)
{
    if (alignment == 0 && generic_has_size(block, size))
        free_generic(block, operation);
    else
        cold_free_sized(block, alignment, size, operation);
}

/* --- where the exported functions arrive
 * ---------------------------------------------------------------------------- */

static void *malloc_path(size_t size)
{
    struct heap *heap = heap_current;
    void *block = likely(heap != NULL) ? fast_allocate(heap, size, PATHS_FEATURES) : NULL;
    return likely(block != NULL) ? block : malloc_generic(size);
}

static void *calloc_path(size_t size)
{
    struct heap *heap = heap_current;
    void *block = likely(heap != NULL) && generic_zeroes(PATHS_FEATURES)
                      ? fast_allocate(heap, size, PATHS_FEATURES)
                      : NULL;
    return likely(block != NULL) ? block : calloc_generic(size);
}

static void free_path(void *block, const char *operation)
{
    struct heap *heap = heap_current;
    if (unlikely(!heap || !fast_free(heap, block, SIZE_NOT_STATED, PATHS_FEATURES)))
        free_generic(block, operation);
}

static void free_sized_path(void *block, size_t alignment, size_t size, const char *operation)
{
    struct heap *heap = heap_current;
    bool aligned = ((uintptr_t)block & (alignment - (alignment != 0))) == 0;
    if (unlikely(!heap || !aligned || !fast_free(heap, block, size, PATHS_FEATURES)))
        free_sized_generic(block, alignment, size, operation);
}

const struct dispatch PATHS_NAME = {
    .malloc = malloc_path,
    .calloc = calloc_path,
    .free = free_path,
    .realloc = cold_realloc,
    .aligned = cold_allocate_aligned,
    .usable_size = cold_usable_size,
    .free_sized = free_sized_path,
};
