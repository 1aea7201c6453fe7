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
    uint64_t unusable;       /* bit i: a guard page touches that slot, or it is retired, or there is none */
    struct run *next;        /* the owner's runs of this class that have free slots, oldest first */
    _Atomic(uint32_t) owner; /* index of the heap that owns it */
    uint32_t first_slot;     /* number of its first slot within the class */
    uint16_t class;
    uint16_t slots;   /* 64, fewer where an extent is shorter than a run */
    uint16_t guards;  /* guard pages within it that are mappings of their own */
    uint32_t counted; /* bytes of it that are in its heap's free_run_bytes (trim.c) */
    uint32_t
        given_back; /* bytes whose pages have gone back to the kernel, since slots were last taken from it */
    bool listed;    /* in the owner's list */
    bool active;    /* handed to an owner; false beyond the frontier */
    bool absent;    /* its extent has been unmapped while all of it was free */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct run) == 64, "one cache line; slot.h counts on it");

struct run_list {
    struct run *oldest, *youngest;
};

static inline uint64_t run_all(const struct run *run)
{
    return ~run->unusable;
}

/* Whether it has been handed to an owner, of whom all can be read then. */
static inline bool run_is_active(const struct run *run)
{
    return __atomic_load_n(&run->active, __ATOMIC_ACQUIRE);
}

/* Whether that heap owns it. What else is in a run is for its owner alone. */
static inline bool run_is_owned(const struct run *run, uint32_t heap)
{
    return run_is_active(run) && atomic_load_explicit(&run->owner, memory_order_acquire) == heap;
}

/* The bits that stand for no slot. */
static inline uint64_t run_beyond(const struct run *run)
{
    return run->slots == 64 ? 0 : UINT64_MAX << run->slots;
}

/*
 * A run is listed before it is in the list and until it has left it, and the last one is only looked at where
 * there is a first: whoever is interrupted for good leaves a run in no list, never in it twice.
 */
static inline void run_list_append(struct run_list *list, struct run *run)
{
    run->listed = true;
    run->next = NULL;
    signal_fence();
    if (list->oldest) {
        list->youngest->next = run;
        signal_fence();
        list->youngest = run;
    } else {
        list->youngest = run;
        signal_fence();
        list->oldest = run;
    }
}

/* Take out the run that stands behind `before`, NULL: the oldest. */
static inline void run_list_remove(struct run_list *list, struct run *before, struct run *run)
{
    if (before && list->youngest == run)
        list->youngest = before;
    signal_fence();
    if (before)
        before->next = run->next;
    else
        list->oldest = run->next;
    signal_fence();
    run->listed = false;
}

#endif
