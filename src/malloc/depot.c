/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "depot.h"

#include <string.h>

#include "constants.h"
#include "metadata.h"
#include "misuse.h"
#include "refill.h"

/* What slots in it may have together. */
#define DEPOT_BYTES_SMALL (512 * KIB) /* each, of up to DEPOT_SMALL bytes */
#define DEPOT_BYTES       (128 * KIB)
#define DEPOT_SMALL       128u

/* Stored in it is only what changes: how much it holds is never believed beyond this. */
static uint32_t capacity(const struct size_class *class)
{
    return (uint32_t)((class->usable <= DEPOT_SMALL ? DEPOT_BYTES_SMALL : DEPOT_BYTES) / class->stride);
}

/* That of the class, made at its first use. */
static struct depot *depot_of(struct heap *heap, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    if (c >= DEPOT_CLASSES)
        return NULL;
    if (!heap->depots[c])
        heap->depots[c] = metadata_allocate(sizeof(struct depot) + capacity(class) * sizeof(uint32_t), 64);
    struct depot *depot = heap->depots[c];
    if (depot && unlikely(depot->count > capacity(class))) {
        misuse_metadata(class, NULL, "the count of a depot", "free");
        depot->count = 0;
    }
    return depot;
}

/* As each step must leave a heap that is sound (heap.h), slots count as put down once all of them are, and
 * are no longer counted before they are used. */
bool depot_put(struct heap *heap, unsigned c, const uint32_t *slots, uint32_t count)
{
    struct depot *depot = depot_of(heap, c);
    if (!depot || depot->count + count > capacity(&constants.classes[c]))
        return false;
    memcpy(depot->slots + depot->count, slots, count * sizeof *slots);
    signal_fence();
    depot->count += count;
    return true;
}

uint32_t depot_take(struct heap *heap, unsigned c, uint32_t most, uint32_t *slots)
{
    if (!depot_has_some(heap, c))
        return 0;
    struct depot *depot = depot_of(heap, c);
    uint32_t taken = power_of_two_below(depot->count < most ? depot->count : most);
    uint32_t left = depot->count - taken;
    memcpy(slots, depot->slots + left, taken * sizeof *slots);
    signal_fence();
    depot->count = left;
    signal_fence();
    return taken;
}

void depot_spill_all(struct heap *heap, unsigned c)
{
    struct depot *depot = depot_has_some(heap, c) ? depot_of(heap, c) : NULL;
    while (depot && depot->count != 0) {
        uint32_t slot = depot->slots[--depot->count];
        signal_fence();
        run_take_back(heap, c, slot);
    }
}
