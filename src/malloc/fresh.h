/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slots whose memory the kernel zeroed: never used, or purged. They are handed out by another way than filled
 * ones. */
#ifndef FRESH_H
#define FRESH_H

#include "platform.h"
#include "state.h"

struct run;
struct size_class;

/* Runs from this slot on have been touched before they are used, if their slots have no more than so many
 * bytes. */
#define FRESH_TOUCHED_FROM  512u
#define FRESH_TOUCHED_LIMIT 128u

/*
 * Prepare a FRESH, PURGED or CLOSED slot for its new owner: accessible and zero. False if it is not to be
 * used: written to while it was free (reported), or not to be had from the kernel.
 */
bool fresh_prepare(const struct size_class *class, char *slot, state_word state);

/*
 * Fault in the pages of a run that is new. One slot after the other would do it first by reading, to see
 * whether it is zero, and then by writing; and the fast path need not know. Not for the first runs of a
 * class, of which a small process uses a few slots.
 */
void fresh_touch_run(const struct size_class *class, const struct run *run);

/*
 * Give the pages [from, from + bytes) of free slots back to the kernel. Slots of whole pages become
 * inaccessible where that costs nothing, so that a write to them faults. Returns the state that the slots
 * have then, or STATE_FREED if the pages are still there.
 */
state_word fresh_purge(const struct size_class *class, char *from, size_t bytes);

/* Make a freed slot of whole pages inaccessible until it is handed out again. False if it is no such, or the
 * kernel refuses. */
bool fresh_close(const struct size_class *class, char *slot);

#endif
