/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Depots: free slots of small and medium classes on their way from a magazine that ran over to one that runs
 * out, of the same heap and class. A program that builds something up, tears it down and does so again would
 * otherwise have each slot put back into its run and found there again, which costs ten times as much. What
 * a full depot has no room for goes to the runs: so a thread that only frees what others allocate sends it
 * on to them.
 */
#ifndef DEPOT_H
#define DEPOT_H

#include "heap.h"

/* Put down slots that are in no other place. False if there is no room for them. */
bool depot_put(struct heap *heap, unsigned class, const uint32_t *slots, uint32_t count);

/* Take a power of two of those that came last, up to `most`, or none. Returns how many; they are in no place
 * then. */
uint32_t depot_take(struct heap *heap, unsigned class, uint32_t most, uint32_t *slots);

/* Empty all of it into the runs. */
void depot_spill_all(struct heap *heap, unsigned class);

static inline bool depot_has_some(const struct heap *heap, unsigned class)
{
    return class < DEPOT_CLASSES && heap->depots[class] && heap->depots[class]->count != 0;
}

#endif
