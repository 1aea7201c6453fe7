/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slots whose memory the kernel zeroed: never used, or purged. They are handed out by another way than filled
 * ones. */
#ifndef FRESH_H
#define FRESH_H

#include "platform.h"
#include "state.h"

struct size_class;

/*
 * Prepare a FRESH, PURGED or CLOSED slot for its new owner: accessible and zero. False if it is not to be
 * used: written to while it was free (reported), or not to be had from the kernel.
 */
bool fresh_prepare(const struct size_class *class, char *slot, state_word state);

/* Fault in the first and the last page of a slot, by writing: to read an untouched page and then write it
 * would be two faults. */
void fresh_touch(char *slot, size_t usable);

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
