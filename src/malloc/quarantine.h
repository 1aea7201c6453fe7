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

struct quarantine {
    uint32_t
        room; /* empty places in the front: if it is none, or more than there are, nothing may be put down */
    uint32_t slots[]; /* the front, the number of the FIFO's oldest batch, the FIFO, the mix */
};

#define QUARANTINE_PLACES(class) (2u + (class)->batch * (1u + (class)->batches) + (class)->mix_mask + 1u)

static ALWAYS_INLINE struct quarantine *quarantine_of(struct heap *heap, const struct size_class *class)
{
    return (struct quarantine *)&heap->places[class->quarantine];
}

/* Empty the full front; of this thread's heap. */
void quarantine_pass_on(struct heap *heap, const struct size_class *class);
void quarantine_pass_on_own(const struct size_class *class);

/* Put a slot down in the last place of the front's room. True if the front is full then, and to be emptied.
 */
static ALWAYS_INLINE bool quarantine_put(struct quarantine *quarantine, uint32_t place, uint32_t slot)
{
    quarantine->slots[place] = slot;
    signal_fence();
    quarantine->room = place;
    return place == 0;
}

/* Empty all of it. For a process that gets no more memory otherwise. */
void quarantine_spill_all(struct heap *heap, unsigned class);

/* Calls the function for every slot in it. */
void quarantine_for_each(struct heap *heap, unsigned class,
                         void (*look)(void *data, unsigned class, uint32_t slot), void *data);

#endif
