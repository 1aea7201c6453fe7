/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between magazines and runs: where the hot paths go when a magazine is empty or full. */
#ifndef REFILL_H
#define REFILL_H

#include "platform.h"

struct heap;

/*
 * Fill the empty magazine of the class with free slots in random order, from the heap's oldest runs, else
 * from heaps that serve no thread, else from beyond the frontier. Returns how many slots are in it now; 0
 * when there is no more memory.
 */
unsigned magazine_refill(struct heap *heap, unsigned class);

/* Empty the older half of the full magazine into the runs that its slots belong to. */
void magazine_spill(struct heap *heap, unsigned class);

/* Empty all of it. */
void magazine_spill_all(struct heap *heap, unsigned class);

/* Empty the quarantine of the class. For a process that gets no more memory otherwise. */
void quarantine_spill_all(struct heap *heap, unsigned class);

/* A free slot comes back: into its run if the heap owns that, else on to the owner. */
void run_take_back(struct heap *heap, unsigned class, uint32_t slot);

#endif
