/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How slots travel home: a heap collects slots of runs that others own in its outbox, and delivers them a few
 * hundred at a time, in parcels, to the owners' inboxes (message passing as in snmalloc, Lietar et al., ISMM
 * 2019, but in arrays of the allocator's own: nothing is ever written into freed memory).
 */
#ifndef INBOX_H
#define INBOX_H

#include <stdatomic.h>

#include "platform.h"

#define OUTBOX_CAPACITY 256
#define PARCEL_CAPACITY 254

struct heap;

struct outbox {
    uint32_t count;
    uint64_t entries[OUTBOX_CAPACITY]; /* class << 32 | slot */
};

struct parcel {
    _Atomic(struct parcel *) next;
    uint32_t count;
    uint32_t padding;
    uint64_t entries[PARCEL_CAPACITY];
};

/* Put a slot of somebody else's run into the outbox, delivering all if that is full. */
void outbox_add(struct heap *heap, unsigned class, uint32_t slot);

/* Deliver all that is in the outbox. */
void outbox_deliver(struct heap *heap);

/* Take in all that has come for this heap. Returns whether anything had. */
bool inbox_take(struct heap *heap);

#endif
