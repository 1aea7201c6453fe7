/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between magazines and runs: where the hot paths go when a magazine is empty or full. */
#ifndef REFILL_H
#define REFILL_H

#include "heap.h"

/*
 * Fill the empty magazine of the class with free slots in random order, from the heap's oldest runs, else
 * from heaps that serve no thread, else from beyond the frontier. Returns how many slots are in it now; 0
 * when there is no more memory.
 */
unsigned magazine_refill(struct heap *heap, unsigned class);

/* Empty the older half of the full magazine into the runs that its slots belong to. */
void magazine_spill(struct heap *heap, unsigned class);

/* There must be room: `count` is below the capacity. */
static ALWAYS_INLINE void magazine_push(uint32_t *slots, uint32_t *count, size_t place, uint32_t slot)
{
    slots[place] = slot;
    signal_fence();
    *count = (uint32_t)place + 1;
}

static ALWAYS_INLINE void magazine_put(struct heap *heap, const struct size_class *class, unsigned c,
                                       uint32_t slot)
{
    if (unlikely(heap->stock.counts[c] >= class->magazine_capacity))
        magazine_spill(heap, c);
    magazine_push(heap_magazine(heap, class), &heap->stock.counts[c], heap->stock.counts[c], slot);
}

/* Empty all of it. */
void magazine_spill_all(struct heap *heap, unsigned class);

/* A free slot comes back: into its run if the heap owns that, else on to the owner. */
void run_take_back(struct heap *heap, unsigned class, uint32_t slot);

#endif
