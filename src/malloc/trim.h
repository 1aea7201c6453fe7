/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Giving memory back to the kernel: pages on which no block lives. */
#ifndef TRIM_H
#define TRIM_H

#include "platform.h"

struct heap;
struct run;

/* Whether so much of the run is free that its pages should be given back, once there is enough of that. */
bool trim_is_worth_it(const struct run *run);

/* A run of the heap has become one of these. Gives back if enough has since the last time. */
void trim_run_free(struct heap *heap, struct run *run);

/* Slots are about to be taken from it, or its memory is about to go. */
void trim_run_in_use(struct heap *heap, struct run *run);

/* It is another heap's now. */
void trim_run_moved(struct heap *from, struct heap *to, struct run *run);

/* The same, quarantines and all, of a heap whose thread has ended, and which serves none for long perhaps. */
void trim_ended_heap(struct heap *heap);

/* Give back all that this thread can: its own heap, idle heaps, cached large blocks. Returns whether there
 * was anything. */
bool trim_everything(void);

/* What one call that gets no memory knows of the attempts to have some; begun before it first tries. */
struct trim_emergency {
    uint32_t seen;     /* emergencies of all threads that were over */
    unsigned attempts; /* of this thread to give something back */
    unsigned tries;
};

struct trim_emergency trim_emergency_none(void);

/*
 * Memory or address space has run out, and so many bytes are asked for. If another thread has given something
 * back since, that may do. Else unmap what is free; at the second attempt, or if there is nothing, empty
 * quarantines too. That weakens protection for a moment, so it is only done if it can make the difference:
 * not for a request that will fail all the same, which an attacker might make for this very purpose. Returns
 * whether another try is worth it.
 */
bool trim_emergency(size_t size, struct trim_emergency *emergency);

#endif
