/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * quarantine: a freed slot waits until others have been freed after it. Per class a quarantine has
 *   - the front, which free fills from its end;
 *   - a FIFO of batches of the same size, which a full front enters as one and which the oldest leaves;
 *   - the mix: each slot of the batch that leaves takes the place of a random one here, which goes on to the
 *     magazine.
 * So an address cannot come back before as many frees of its class as the FIFO has places, and when it does
 * come back cannot be predicted. That free has but to put down a number is what makes it fast.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "heap.h"

#define BATCH_MOST 16u

/* The front, the number of the FIFO's oldest batch, the FIFO, the mix. The front has room for the largest
 * batch, so that the hot paths need not look up how large this one is. */
#define QUARANTINE_PLACES(class)                                                                             \
    (BATCH_MOST + 1u + (unsigned)(class)->batch * (class)->batches + (class)->mix_mask + 1u)

/* Its front. How much room that has says heap->stock.rooms[]: if none, or more than there is, nothing may be
 * put down. */
static ALWAYS_INLINE uint32_t *quarantine_front(struct heap *heap, const struct size_class *class)
{
    return (uint32_t *)(void *)((char *)heap + class->quarantine);
}

/* Empty the full front; of this thread's heap. */
void quarantine_pass_on(struct heap *heap, const struct size_class *class);
void quarantine_pass_on_own(const struct size_class *class);

/* Put a slot down in the last place of the front's room. True if the front is full then, and to be emptied.
 */
static ALWAYS_INLINE bool quarantine_put(uint32_t *front, uint32_t *room, size_t place, uint32_t slot)
{
    front[place] = slot;
    signal_fence();
    *room = (uint32_t)place;
    return place == 0;
}

/* Empty all of it. For a process that gets no more memory otherwise. */
void quarantine_spill_all(struct heap *heap, unsigned class);

/* Calls the function for every slot in it. */
void quarantine_for_each(struct heap *heap, unsigned class,
                         void (*look)(void *data, unsigned class, uint32_t slot), void *data);

#endif
