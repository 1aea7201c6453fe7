/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The paths for one set of features: included by paths_*.c, which define PATHS_NAME and PATHS_FEATURES. */
#include "caller.h"
#include "cold.h"
#include "fast.h"
#include "generic.h"
#include "guarded.h"
#include "paths.h"

#include <string.h>

/* --- what the fast path gives up on */

static NOINLINE void *allocate_generic(size_t size, enum allocation_kind kind)
{
    CALLER_NOTE();
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    void *block = NULL;
    if (features & GUARD_SAMPLES && heap && unlikely(guarded_wants(heap, size)))
        block = guarded_allocate(heap, size, kind);
    unsigned c = generic_class(size, features);
    if (!block && heap && c < CLASS_COUNT)
        block = generic_allocate(heap, c, size, kind, features);
    return likely(block != NULL) ? block : cold_allocate(MALLOC_ALIGNMENT, size, kind, false);
}

static NOINLINE void *calloc_generic(size_t size)
{
    CALLER_NOTE();
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    if (features & GUARD_SAMPLES && heap && unlikely(guarded_wants(heap, size))) {
        void *guarded = guarded_allocate(heap, size, KIND_MALLOC);
        if (guarded)
            return guarded;
    }
    unsigned c = generic_class(size, features);
    void *block = heap && c < CLASS_COUNT ? generic_allocate(heap, c, size, KIND_MALLOC, features) : NULL;
    if (unlikely(!block))
        return cold_allocate(MALLOC_ALIGNMENT, size, KIND_MALLOC, true);
    return generic_zeroes(features) ? block : memset(block, 0, size);
}

static NOINLINE void release_generic(void *block, const char *operation, enum allocation_kind kind)
{
    CALLER_NOTE();
    struct heap *heap = heap_current;
    if (unlikely(!heap || !generic_free(heap, block, operation, kind, PATHS_FEATURES)))
        cold_free(block, operation, kind);
}

static NOINLINE void release_sized_generic(void *block, size_t alignment, size_t size, const char *operation,
                                           enum allocation_kind kind)
{
    CALLER_NOTE();
    if (alignment == 0 && generic_has_size(block, size))
        release_generic(block, operation, kind);
    else
        cold_free_sized(block, alignment, size, operation, kind);
}

/* --- not small, or else the fast path gave up */

static NOINLINE void *allocate_further(size_t size, enum allocation_kind kind)
{
    struct heap *heap = heap_current;
    void *block = likely(heap != NULL) ? fast_allocate(heap, size, false, kind, PATHS_FEATURES) : NULL;
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static NOINLINE void *calloc_further(size_t size)
{
    struct heap *heap = heap_current;
    void *block = likely(heap != NULL) && generic_zeroes(PATHS_FEATURES)
                      ? fast_allocate(heap, size, false, KIND_MALLOC, PATHS_FEATURES)
                      : NULL;
    return likely(block != NULL) ? block : calloc_generic(size);
}

static ALWAYS_INLINE bool free_further(void *block, const size_t *size, enum allocation_kind kind)
{
    struct heap *heap = heap_current;
    return likely(heap != NULL) && likely(fast_free(heap, block, size, false, kind, PATHS_FEATURES));
}

static NOINLINE void free_block_further(void *block)
{
    if (!free_further(block, NULL, KIND_MALLOC) && block)
        release_generic(block, "free", KIND_MALLOC);
}

static NOINLINE void release_further(void *block, const char *operation, enum allocation_kind kind)
{
    if (!free_further(block, NULL, kind))
        release_generic(block, operation, kind);
}

static NOINLINE void release_sized_further(void *block, size_t alignment, size_t size, const char *operation,
                                           enum allocation_kind kind)
{
    if (alignment != 0 || !free_further(block, &size, kind))
        release_sized_generic(block, alignment, size, operation, kind);
}

/* --- where the exported functions arrive */

static ALWAYS_INLINE void *allocate(size_t size, enum allocation_kind kind)
{
    struct heap *heap = heap_current;
    if (unlikely(!fast_is_small(size, PATHS_FEATURES)))
        return allocate_further(size, kind);
    void *block = likely(heap != NULL) ? fast_allocate(heap, size, true, kind, PATHS_FEATURES) : NULL;
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static void *malloc_path(size_t size)
{
    return allocate(size, KIND_MALLOC);
}

static void *allocate_path(size_t size, enum allocation_kind kind)
{
    return allocate(size, kind);
}

static void *calloc_path(size_t size)
{
    struct heap *heap = heap_current;
    if (unlikely(!fast_is_small(size, PATHS_FEATURES)))
        return calloc_further(size);
    void *block = likely(heap != NULL) && generic_zeroes(PATHS_FEATURES)
                      ? fast_allocate(heap, size, true, KIND_MALLOC, PATHS_FEATURES)
                      : NULL;
    return likely(block != NULL) ? block : calloc_generic(size);
}

static void free_path(void *block)
{
    if (unlikely(!fast_is_small_block(block))) {
        free_block_further(block);
        return;
    }
    struct heap *heap = heap_current;
    if (unlikely(!heap || !fast_free(heap, block, NULL, true, KIND_MALLOC, PATHS_FEATURES)))
        free_block_further(block);
}

static void release_path(void *block, const char *operation, enum allocation_kind kind)
{
    struct heap *heap = heap_current;
    if (unlikely(!heap || !fast_free(heap, block, NULL, true, kind, PATHS_FEATURES)))
        release_further(block, operation, kind);
}

static void release_sized_path(void *block, size_t alignment, size_t size, const char *operation,
                               enum allocation_kind kind)
{
    struct heap *heap = heap_current;
    if (unlikely(!heap || alignment != 0 || !fast_free(heap, block, &size, true, kind, PATHS_FEATURES)))
        release_sized_further(block, alignment, size, operation, kind);
}

const struct dispatch PATHS_NAME = {
    .malloc = malloc_path,
    .calloc = calloc_path,
    .free = free_path,
    .realloc = cold_realloc,
    .aligned = cold_allocate_aligned,
    .usable_size = cold_usable_size,
    .allocate = allocate_path,
    .release = release_path,
    .release_sized = release_sized_path,
};
