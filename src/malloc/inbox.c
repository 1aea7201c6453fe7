/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "inbox.h"

#include "heap.h"
#include "metadata.h"
#include "refill.h"
#include "slot.h"

/*
 * Empty parcels, as a stack without a lock (R. K. Treiber, 1986): in the lower half the place of the first
 * one in the metadata, 0 for none; in the upper half a count of all changes, so that a first one which went
 * and came back meanwhile is not taken for the one that stayed.
 */
static _Atomic(uint64_t) spare;

static uint64_t spare_word(uint64_t changes, const struct parcel *first)
{
    uint64_t place = first ? (uint64_t)((const char *)first - constants.metadata) / METADATA_UNIT : 0;
    return changes << 32 | place;
}

static struct parcel *spare_first(uint64_t word)
{
    uint32_t place = (uint32_t)word;
    return place ? (struct parcel *)(void *)(constants.metadata + place * METADATA_UNIT) : NULL;
}

static struct parcel *spare_pop(void)
{
    uint64_t word = atomic_load_explicit(&spare, memory_order_acquire), rest;
    struct parcel *parcel;
    do {
        parcel = spare_first(word);
        if (!parcel)
            return NULL;
        rest = spare_word((word >> 32) + 1, atomic_load_explicit(&parcel->next, memory_order_relaxed));
    } while (!atomic_compare_exchange_weak_explicit(&spare, &word, rest, memory_order_acquire,
                                                    memory_order_acquire));
    return parcel;
}

static struct parcel *parcel_new(void)
{
    struct parcel *parcel = spare_pop();
    if (!parcel)
        parcel = metadata_allocate(sizeof *parcel, METADATA_UNIT);
    if (parcel)
        parcel->count = 0;
    return parcel;
}

static void parcel_recycle(struct parcel *parcel)
{
    uint64_t word = atomic_load_explicit(&spare, memory_order_relaxed);
    do
        atomic_store_explicit(&parcel->next, spare_first(word), memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&spare, &word, spare_word((word >> 32) + 1, parcel),
                                                  memory_order_release, memory_order_relaxed));
}

/* A damaged entry must not lead outside the table of classes; run_take_back() finds it out. */
static unsigned class_of_entry(uint64_t entry)
{
    return (unsigned)(entry >> 32) % CLASS_COUNT;
}

static uint32_t owner_of(uint64_t entry)
{
    const struct size_class *class = &constants.classes[class_of_entry(entry)];
    uint32_t slot = slot_exists(class, (uint32_t)entry) ? (uint32_t)entry : 0;
    return atomic_load_explicit(&slot_run(class, slot)->owner, memory_order_acquire);
}

static void deliver(struct parcel *parcel, struct heap *to)
{
    struct parcel *first = atomic_load_explicit(&to->inbox, memory_order_relaxed);
    do
        atomic_store_explicit(&parcel->next, first, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&to->inbox, &first, parcel, memory_order_release,
                                                  memory_order_relaxed));
}

/* Moves what has the same owner as the first entry into the parcel. */
static void fill_parcel(struct outbox *outbox, struct parcel *parcel, uint32_t owner)
{
    /* Nothing is in two places at any moment, and what is in none is lost if a signal handler never returns.
     */
    uint32_t count = outbox->count, kept = 0;
    outbox->count = 0;
    signal_fence();
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = outbox->entries[i];
        if (parcel->count < PARCEL_CAPACITY && owner_of(entry) == owner)
            parcel->entries[parcel->count++] = entry;
        else
            outbox->entries[kept++] = entry;
    }
    signal_fence();
    outbox->count = kept;
}

void outbox_deliver(struct heap *heap)
{
    struct outbox *outbox = &heap->outbox;
    while (outbox->count != 0) {
        struct parcel *parcel = parcel_new();
        if (!parcel)
            return; /* no memory for a parcel: they wait here */
        uint32_t owner = owner_of(outbox->entries[0]);
        fill_parcel(outbox, parcel, owner);
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
    outbox->entries[outbox->count] = (uint64_t) class << 32 | slot;
    signal_fence();
    outbox->count++;
}

bool inbox_take(struct heap *heap)
{
    if (!atomic_load_explicit(&heap->inbox, memory_order_relaxed))
        return false;
    struct parcel *parcel = atomic_exchange_explicit(&heap->inbox, NULL, memory_order_acquire);
    while (parcel) {
        struct parcel *next = atomic_load_explicit(&parcel->next, memory_order_relaxed);
        for (uint32_t i = 0; i < parcel->count; i++)
            run_take_back(heap, class_of_entry(parcel->entries[i]), (uint32_t)parcel->entries[i]);
        parcel_recycle(parcel);
        parcel = next;
    }
    return true;
}
