/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * quarantine: a freed slot waits until others have been freed after it. Per class a quarantine has
 *   - a FIFO of batches, of which free fills the youngest from its end; when that is full, the oldest leaves,
 *     and its places are filled next;
 *   - the mix: each slot of the batch that leaves takes the place of a random one here, which goes on to the
 *     magazine.
 * So an address cannot come back before as many frees of its class as all batches but one have places, and
 * when it does come back cannot be predicted. That free has but to put down a number is what makes it fast.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include "heap.h"

#define BATCH_MOST 16u
#define FIFO_MOST  (UINT16_MAX / BATCH_MOST) /* batches */

/* The FIFO and the mix. Each batch has the places of the largest, so that the hot paths need not look up how
 * many this one has: it begins with its last one. */
#define QUARANTINE_PLACES(class) ((class)->fifo + (class)->mix_mask + 1u)

/* The FIFO. Which place was filled last says heap->stock.filled[]; the one before it is next, and all of a
 * batch that has been passed on may be filled. 0: none has been yet, or the first batch is full. */
static ALWAYS_INLINE uint32_t *quarantine_fifo(struct heap *heap, const struct size_class *class)
{
    return (uint32_t *)(void *)((char *)heap + class->quarantine);
}

/* Let the oldest batch go, as the youngest is full; of this thread's heap. */
void quarantine_pass_on(struct heap *heap, const struct size_class *class);
void quarantine_pass_on_own(const struct size_class *class);

/* Put a slot down in the next place. True if its batch is full then, and is to be passed on. */
static ALWAYS_INLINE bool quarantine_put(uint32_t *fifo, uint32_t *filled, size_t place, uint32_t slot)
{
    fifo[place] = slot;
    signal_fence();
    *filled = (uint32_t)place;
    return place % BATCH_MOST == 0;
}

/* Empty all of it. For a process that gets no more memory otherwise. */
void quarantine_spill_all(struct heap *heap, unsigned class);

/* Calls the function for every slot in it. */
void quarantine_for_each(struct heap *heap, unsigned class,
                         void (*look)(void *data, unsigned class, uint32_t slot), void *data);

#endif
