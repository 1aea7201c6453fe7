/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * quarantine: a freed slot first takes the place of a random one in the mix, which then waits in a FIFO. So
 * an address cannot come back before as many frees of its class as the FIFO has places, and when it does come
 * back cannot be predicted.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "heap.h"

/* Put a slot in; returns the one that leaves, or 0 while the quarantine is not full. The random byte says
 * which. */
static ALWAYS_INLINE uint32_t quarantine_exchange(struct heap *heap, const struct size_class *class, size_t c,
                                                  uint32_t slot, unsigned random)
{
    uint32_t *mix = heap_mix(heap, class) + (random & class->mix_mask);
    uint32_t *ring = heap_ring(heap, class);
    unsigned mask = class->ring_mask, at = heap->ring_at[c] & mask;
    uint32_t chosen = *mix;
    *mix = slot;
    signal_fence(); /* never in two places */
    if (unlikely(chosen == 0))
        return 0;
    uint32_t leaving = ring[at];
    ring[at] = chosen;
    heap->ring_at[c] = (uint16_t)((at + 1) & mask);
    return leaving;
}

#endif
