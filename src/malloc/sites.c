/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sites.h"

#include <stdatomic.h>

#include "caller.h"

#define ENTRIES ((size_t)1 << 15)
#define SHIFT   5 /* the smallest slot: neighbouring blocks have neighbouring entries, on few pages */

/* Threads may write to one at the same time; whoever reads it looks whether it is still of the same block. */
struct entry {
    _Atomic(uintptr_t) block;
    _Atomic(const void *) allocated, freed;
};

SELDOM static struct entry entries[ENTRIES];

static struct entry *entry_of(const void *block)
{
    return &entries[((uintptr_t)block >> SHIFT) % ENTRIES];
}

void sites_note_allocation(const void *block)
{
    struct entry *entry = entry_of(block);
    atomic_store_explicit(&entry->block, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->allocated, caller_noted, memory_order_release);
    atomic_store_explicit(&entry->freed, NULL, memory_order_release);
    atomic_store_explicit(&entry->block, (uintptr_t)block, memory_order_release);
}

void sites_note_free(const void *block)
{
    struct entry *entry = entry_of(block);
    if (atomic_load_explicit(&entry->block, memory_order_relaxed) == (uintptr_t)block)
        atomic_store_explicit(&entry->freed, caller_noted, memory_order_release);
}

struct sites sites_of(const void *block)
{
    const struct entry *entry = entry_of(block);
    if (atomic_load_explicit(&entry->block, memory_order_acquire) != (uintptr_t)block)
        return (struct sites){NULL, NULL};
    struct sites sites = {atomic_load_explicit(&entry->allocated, memory_order_acquire),
                          atomic_load_explicit(&entry->freed, memory_order_acquire)};
    bool same = atomic_load_explicit(&entry->block, memory_order_acquire) == (uintptr_t)block;
    return same ? sites : (struct sites){NULL, NULL};
}
