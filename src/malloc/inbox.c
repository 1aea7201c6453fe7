/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "inbox.h"

#include "heap.h"
#include "lock.h"
#include "metadata.h"
#include "refill.h"
#include "slot.h"

static struct lock spare_lock;
static struct parcel *spare; /* empty parcels */

static struct parcel *parcel_new(void)
{
    lock_acquire(&spare_lock);
    struct parcel *parcel = spare;
    if (parcel)
        spare = parcel->next;
    lock_release(&spare_lock);
    if (!parcel)
        parcel = metadata_allocate(sizeof *parcel, 64);
    if (parcel) {
        parcel->count = 0;
        parcel->next = NULL;
    }
    return parcel;
}

static void parcel_recycle(struct parcel *parcel)
{
    lock_acquire(&spare_lock);
    parcel->next = spare;
    spare = parcel;
    lock_release(&spare_lock);
}

/* A damaged entry must not lead outside the table of classes; run_take_back() finds it out. */
static unsigned class_of_entry(uint64_t entry)
{
    return (unsigned)(entry >> 32) % CLASS_COUNT;
}

static uint32_t owner_of(uint64_t entry)
{
    const struct size_class *class = &constants.classes[class_of_entry(entry)];
    return atomic_load_explicit(&slot_run(class, (uint32_t)entry)->owner, memory_order_acquire);
}

static void deliver(struct parcel *parcel, struct heap *to)
{
    struct parcel *first = atomic_load_explicit(&to->inbox, memory_order_relaxed);
    do
        parcel->next = first;
    while (!atomic_compare_exchange_weak_explicit(&to->inbox, &first, parcel, memory_order_release,
                                                  memory_order_relaxed));
}

void outbox_deliver(struct heap *heap)
{
    struct outbox *outbox = &heap->outbox;
    while (outbox->count != 0) {
        struct parcel *parcel = parcel_new();
        if (!parcel)
            return; /* no memory for a parcel: they wait here */
        uint32_t owner = owner_of(outbox->entries[0]);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < outbox->count; i++) {
            uint64_t entry = outbox->entries[i];
            if (parcel->count < PARCEL_CAPACITY && owner_of(entry) == owner)
                parcel->entries[parcel->count++] = entry;
            else
                outbox->entries[kept++] = entry;
        }
        outbox->count = kept;
        if (parcel->count != 0)
            deliver(parcel, heap_by_index(owner));
        else
            parcel_recycle(parcel); /* the run changed hands meanwhile */
    }
}

void outbox_add(struct heap *heap, unsigned class, uint32_t slot)
{
    struct outbox *outbox = &heap->outbox;
    if (outbox->count == OUTBOX_CAPACITY)
        outbox_deliver(heap);
    if (unlikely(outbox->count == OUTBOX_CAPACITY))
        return; /* no memory for a parcel: the slot is lost to the process, which is short of all memory
                   anyway */
    outbox->entries[outbox->count++] = (uint64_t) class << 32 | slot;
}

bool inbox_take(struct heap *heap)
{
    if (!atomic_load_explicit(&heap->inbox, memory_order_relaxed))
        return false;
    struct parcel *parcel = atomic_exchange_explicit(&heap->inbox, NULL, memory_order_acquire);
    while (parcel) {
        struct parcel *next = parcel->next;
        for (uint32_t i = 0; i < parcel->count; i++)
            run_take_back(heap, class_of_entry(parcel->entries[i]), (uint32_t)parcel->entries[i]);
        parcel_recycle(parcel);
        parcel = next;
    }
    return true;
}

void inbox_fork_prepare(void)
{
    lock_acquire(&spare_lock);
}

void inbox_fork_parent(void)
{
    lock_release(&spare_lock);
}

void inbox_fork_child(void)
{
    lock_reset(&spare_lock);
}
