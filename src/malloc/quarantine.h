/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * quarantine: a freed slot first takes the place of a random one in the mix, which then waits in a FIFO. So
 * an address cannot come back before as many frees of its class as the FIFO has places, and when it does come
 * back cannot be predicted.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "heap.h"

/* Put a slot in; returns the one that leaves, or 0 while the quarantine is not full. */
static ALWAYS_INLINE uint32_t quarantine_exchange(struct heap *heap, const struct size_class *class,
                                                  unsigned c, uint32_t slot)
{
    uint32_t *mix = heap_mix(heap, class) + (random_byte(heap->random) & class->mix_mask);
    uint32_t chosen = *mix;
    *mix = slot;
    if (unlikely(chosen == 0))
        return 0;
    unsigned at = heap->ring_at[c];
    uint32_t *place = heap_ring(heap, class) + at;
    uint32_t leaving = *place;
    *place = chosen;
    heap->ring_at[c] = (uint16_t)((at + 1) & class->ring_mask);
    return leaving;
}

#endif
