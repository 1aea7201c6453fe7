/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs: 64 neighbouring slots of a class with one bitmap of those that are free, owned by one heap.
 *
 * Only the owner touches the bitmap, so it needs no lock; slots of a run that somebody else owns go to the
 * owner's inbox (inbox.h). A slot is in its run's bitmap, or in one heap's magazine or quarantine, or live,
 * or unusable.
 */
#ifndef RUN_H
#define RUN_H

#include <stdatomic.h>

#include "platform.h"

struct heap;

struct run {
    uint64_t free;           /* bit i: slot first_slot + i may be handed out */
    uint64_t unusable;       /* bit i: a guard page touches that slot, or it is retired */
    struct run *next, *prev; /* the owner's runs of this class that have free slots, oldest first */
    _Atomic(uint32_t) owner; /* index of the heap that owns it */
    uint32_t first_slot;     /* number of its first slot within the class */
    uint16_t class;
    uint16_t slots;  /* 64, fewer where an extent is shorter than a run */
    uint16_t guards; /* guard pages within it that are mappings of their own */
    bool listed;     /* in the owner's list */
    bool active;     /* handed to an owner; false beyond the frontier */
    bool absent;     /* its extent has been unmapped while all of it was free */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct run) == 64, "one cache line; slot.h counts on it");

struct run_list {
    struct run *oldest, *youngest;
};

static inline uint64_t run_all(const struct run *run)
{
    uint64_t every = run->slots == 64 ? UINT64_MAX : (UINT64_C(1) << run->slots) - 1;
    return every & ~run->unusable;
}

static inline void run_list_append(struct run_list *list, struct run *run)
{
    run->prev = list->youngest;
    run->next = NULL;
    if (list->youngest)
        list->youngest->next = run;
    else
        list->oldest = run;
    list->youngest = run;
    run->listed = true;
}

static inline void run_list_remove(struct run_list *list, struct run *run)
{
    if (run->prev)
        run->prev->next = run->next;
    else
        list->oldest = run->next;
    if (run->next)
        run->next->prev = run->prev;
    else
        list->youngest = run->prev;
    run->next = run->prev = NULL;
    run->listed = false;
}

#endif
