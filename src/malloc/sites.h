/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * record-callers: where in the program blocks were allocated, and where they were freed.
 *
 * A table beside the heap with one entry for many addresses: the latest block has it. So the newest blocks
 * are known, and of a heap of more than a MiB not all of the old ones.
 */
#ifndef SITES_H
#define SITES_H

#include "platform.h"

/* Return addresses; NULL for what is not known. */
struct sites {
    const void *allocated, *freed;
};

/* The block was handed out, or taken back, for the call that this thread serves (caller.h). */
void sites_note_allocation(const void *block);
void sites_note_free(const void *block);

struct sites sites_of(const void *block);

#endif
