/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hot paths for one set of features: included by paths_*.c, which define PATHS_NAME and PATHS_FEATURES.
 */
#include "cold.h"
#include "hot.h"
#include "paths.h"

#include <string.h>

static void *hot_malloc(size_t size)
{
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    unsigned c = hot_class(size, features);
    if (unlikely(!heap || c == CLASS_COUNT))
        return cold_allocate(MALLOC_ALIGNMENT, size, false);
    void *block = hot_allocate(heap, c, size, features);
    return likely(block != NULL) ? block : cold_allocate(MALLOC_ALIGNMENT, size, false);
}

static void *hot_calloc(size_t size)
{
    const unsigned features = PATHS_FEATURES;
    struct heap *heap = heap_current;
    unsigned c = hot_class(size, features);
    if (unlikely(!heap || c == CLASS_COUNT))
        return cold_allocate(MALLOC_ALIGNMENT, size, true);
    void *block = hot_allocate(heap, c, size, features);
    if (unlikely(!block))
        return cold_allocate(MALLOC_ALIGNMENT, size, true);
    return hot_zeroes(features) ? block : memset(block, 0, size);
}

static void hot_free_block(void *block, const char *operation)
{
    struct heap *heap = heap_current;
    if (unlikely(!heap || !hot_free(heap, block, operation, PATHS_FEATURES)))
        cold_free(block, operation);
}

const struct dispatch PATHS_NAME = {
    .malloc = hot_malloc,
    .calloc = hot_calloc,
    .free = hot_free_block,
    .realloc = cold_realloc,
    .aligned = cold_allocate_aligned,
    .usable_size = cold_usable_size,
    .free_sized = cold_free_sized,
};
