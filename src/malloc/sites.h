/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * record-callers: where in the program blocks were allocated, and where they were freed.
 *
 * A table beside the heap with one entry for many addresses: the latest block has it. So the newest blocks
 * are known, and of a heap of more than a MiB not all of the old ones.
 */
#ifndef SITES_H
#define SITES_H

#include <stdatomic.h>

#include "caller.h"
#include "platform.h"

/* Return addresses; NULL for what is not known. */
struct sites {
    const void *allocated, *freed;
};

struct sites sites_of(const void *block);

/* Threads may write to one at the same time; whoever reads it looks whether it is still of the same block. */
struct site_entry {
    _Atomic(uintptr_t) block;
    _Atomic(const void *) allocated, freed;
};

#define SITE_ENTRIES ((size_t)1 << 15)
#define SITE_SHIFT   5 /* the smallest slot: neighbouring blocks have neighbouring entries, on few pages */

extern struct site_entry site_entries[SITE_ENTRIES];

static ALWAYS_INLINE struct site_entry *site_entry_of(const void *block)
{
    return &site_entries[((uintptr_t)block >> SITE_SHIFT) % SITE_ENTRIES];
}

/* The block was handed out, or taken back, for the call that this thread serves (caller.h). */
static ALWAYS_INLINE void sites_note_allocation(const void *block)
{
    struct site_entry *entry = site_entry_of(block);
    atomic_store_explicit(&entry->block, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->allocated, caller_noted, memory_order_release);
    atomic_store_explicit(&entry->freed, NULL, memory_order_release);
    atomic_store_explicit(&entry->block, (uintptr_t)block, memory_order_release);
}

static ALWAYS_INLINE void sites_note_free(const void *block)
{
    struct site_entry *entry = site_entry_of(block);
    if (atomic_load_explicit(&entry->block, memory_order_relaxed) == (uintptr_t)block)
        atomic_store_explicit(&entry->freed, caller_noted, memory_order_release);
}

#endif
