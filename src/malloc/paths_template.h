/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The paths for one set of features: included by paths_*.c, which define PATHS_NAME and PATHS_FEATURES, and
 * what of them the fast path has if that is less. */
#include "caller.h"
#include "cold.h"
#include "fast.h"
#include "generic.h"
#include "guarded.h"
#include "paths.h"

#include <string.h>

#ifndef PATHS_FEATURES_SMALL
#define PATHS_FEATURES_SMALL PATHS_FEATURES
#endif

/* Of all the variants a process needs one. Those that few need have a section each (layout.ld). */
#ifdef PATHS_COMMON
#define PLACED
#else
#define PLACE_NAMED(name) __attribute__((section(".text_" #name)))
#define PLACE(name)       PLACE_NAMED(name)
#define PLACED            PLACE(PATHS_NAME)
#endif

/* --- what the fast path gives up on */

static NOINLINE PLACED void *allocate_generic(size_t size, enum allocation_kind kind)
{
    CALLER_NOTE();
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current();
    void *block = NULL;
    if (features & GUARD_SAMPLES && heap && unlikely(guarded_wants(heap, size)))
        block = guarded_allocate(heap, size, kind);
    unsigned c = generic_class(size, features);
    if (!block && heap && c < CLASS_COUNT)
        block = generic_allocate(heap, c, size, kind, features);
    return likely(block != NULL) ? block : cold_allocate(MALLOC_ALIGNMENT, size, kind, false);
}

static NOINLINE PLACED void *calloc_generic(size_t size)
{
    CALLER_NOTE();
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current();
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

static NOINLINE PLACED void release_generic(void *block, const char *operation, enum allocation_kind kind)
{
    CALLER_NOTE();
    struct heap *heap = heap_current();
    if (unlikely(!heap || !generic_free(heap, block, operation, kind, PATHS_FEATURES)))
        cold_free(block, operation, kind);
}

static NOINLINE PLACED void release_sized_generic(void *block, size_t alignment, size_t size,
                                                  const char *operation, enum allocation_kind kind)
{
    CALLER_NOTE();
    if (alignment == 0 && generic_has_size(block, size))
        release_generic(block, operation, kind);
    else
        cold_free_sized(block, alignment, size, operation, kind);
}

/* --- not small, or else the fast path gave up */

static ALWAYS_INLINE void *try_allocate(size_t size, enum shape shape, enum allocation_kind kind)
{
    return fast_allocate(heap_or_none(), size, shape, STATE_FREED, kind, PATHS_FEATURES_SMALL);
}

static NOINLINE PLACED void *allocate_long(size_t size, enum allocation_kind kind)
{
    void *block = fast_fits(size, SHAPE_LONG, PATHS_FEATURES) ? try_allocate(size, SHAPE_LONG, kind) : NULL;
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static NOINLINE PLACED void *allocate_broad(size_t size, enum allocation_kind kind)
{
    void *block = try_allocate(size, SHAPE_BROAD, kind);
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static NOINLINE PLACED void *allocate_wide(size_t size, enum allocation_kind kind)
{
    void *block = try_allocate(size, SHAPE_WIDE, kind);
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static NOINLINE PLACED void *allocate_further(size_t size, enum allocation_kind kind)
{
    if (!fast_fits(size, SHAPE_BROAD, PATHS_FEATURES))
        return allocate_long(size, kind);
    if (!fast_fits(size, SHAPE_WIDE, PATHS_FEATURES))
        return allocate_broad(size, kind);
    if (!fast_fits(size, SHAPE_MEDIUM, PATHS_FEATURES))
        return allocate_wide(size, kind);
    void *block = try_allocate(size, SHAPE_MEDIUM, kind);
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

static ALWAYS_INLINE bool try_free(void *block, const size_t *size, enum shape shape,
                                   enum allocation_kind kind)
{
    return likely(fast_free(heap_or_none(), block, size, shape, kind, PATHS_FEATURES_SMALL));
}

static NOINLINE PLACED void free_block_long(void *block)
{
    if (!try_free(block, NULL, SHAPE_LONG, KIND_MALLOC) && block)
        release_generic(block, "free", KIND_MALLOC);
}

static NOINLINE PLACED void free_block_wide(void *block)
{
    if (!try_free(block, NULL, SHAPE_WIDE, KIND_MALLOC))
        free_block_long(block);
}

static NOINLINE PLACED void free_block_broad(void *block)
{
    if (!try_free(block, NULL, SHAPE_BROAD, KIND_MALLOC))
        free_block_long(block);
}

static NOINLINE PLACED void free_block_further(void *block)
{
    if (fast_is_of_shape(block, SHAPE_WIDE))
        free_block_wide(block);
    else if (fast_is_of_shape(block, SHAPE_BROAD))
        free_block_broad(block);
    else if (!fast_is_of_shape(block, SHAPE_MEDIUM) || !try_free(block, NULL, SHAPE_MEDIUM, KIND_MALLOC))
        free_block_long(block);
}

/* C++'s operators: by the shape, too. */
static ALWAYS_INLINE bool free_further(void *block, const size_t *size, enum allocation_kind kind)
{
    if (fast_is_of_shape(block, SHAPE_MEDIUM))
        return try_free(block, size, SHAPE_MEDIUM, kind);
    if (fast_is_of_shape(block, SHAPE_WIDE))
        return try_free(block, size, SHAPE_WIDE, kind);
    if (fast_is_of_shape(block, SHAPE_BROAD))
        return try_free(block, size, SHAPE_BROAD, kind);
    return try_free(block, size, SHAPE_LONG, kind);
}

static NOINLINE PLACED void release_further(void *block, const char *operation, enum allocation_kind kind)
{
    if (!free_further(block, NULL, kind))
        release_generic(block, operation, kind);
}

static NOINLINE PLACED void release_sized_further(void *block, size_t alignment, size_t size,
                                                  const char *operation, enum allocation_kind kind)
{
    if (alignment != 0 || !free_further(block, &size, kind))
        release_sized_generic(block, alignment, size, operation, kind);
}

/* What the fast path found no freed slot for: in a program that grows, most often one that was never used. */
static NOINLINE PLACED void *allocate_fresh(size_t size, enum allocation_kind kind)
{
    void *block = fast_allocate(heap_or_none(), size, SHAPE_SMALL, STATE_FRESH, kind, PATHS_FEATURES_SMALL);
    return likely(block != NULL) ? block : allocate_generic(size, kind);
}

/* --- where the exported functions arrive */

static ALWAYS_INLINE void *allocate(size_t size, enum allocation_kind kind)
{
    if (unlikely(!fast_fits(size, SHAPE_SMALL, PATHS_FEATURES)))
        return allocate_further(size, kind);
    void *block = try_allocate(size, SHAPE_SMALL, kind);
    return likely(block != NULL) ? block : allocate_fresh(size, kind);
}

/* Who calls is of interest before anything goes wrong only where it is recorded. */
#define NOTE_IF_RECORDED()                                                                                   \
    if (PATHS_FEATURES & RECORD_CALLERS)                                                                     \
    CALLER_NOTE()

static PLACED void *malloc_path(size_t size)
{
    NOTE_IF_RECORDED();
    return allocate(size, KIND_MALLOC);
}

static PLACED void *allocate_path(size_t size, enum allocation_kind kind)
{
    NOTE_IF_RECORDED();
    return allocate(size, kind);
}

/* What is zero anyway is an ordinary block. */
static PLACED void *calloc_path(size_t size)
{
    NOTE_IF_RECORDED();
    if (!generic_zeroes(PATHS_FEATURES) || unlikely(!fast_fits(size, SHAPE_LONG, PATHS_FEATURES)))
        return calloc_generic(size);
    return allocate(size, KIND_MALLOC);
}

static PLACED void free_path(void *block)
{
    NOTE_IF_RECORDED();
    if (unlikely(!fast_is_of_shape(block, SHAPE_SMALL)))
        free_block_further(block);
    else if (unlikely(!try_free(block, NULL, SHAPE_SMALL, KIND_MALLOC)))
        free_block_long(block);
}

static PLACED void release_path(void *block, const char *operation, enum allocation_kind kind)
{
    NOTE_IF_RECORDED();
    if (unlikely(!try_free(block, NULL, SHAPE_SMALL, kind)))
        release_further(block, operation, kind);
}

static PLACED void release_sized_path(void *block, size_t alignment, size_t size, const char *operation,
                                      enum allocation_kind kind)
{
    NOTE_IF_RECORDED();
    if (unlikely(alignment != 0 || !try_free(block, &size, SHAPE_SMALL, kind)))
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
