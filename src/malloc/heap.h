/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Heaps: all that one thread needs to allocate and free without asking anybody.
 *
 * Per class a heap has
 *   - a magazine: a stack of free slots, popped by malloc and pushed by free (Bonwick and Adams, "Magazines
 * and Vmem", USENIX 2001), refilled from its runs and emptied into them by halves;
 *   - a quarantine, through which freed slots pass (quarantine.h);
 *   - a depot, between its magazine and its runs (depot.h);
 *   - the runs that it owns and that have free slots.
 * A heap is used by one thread at a time. When the thread ends, the heap waits for the next thread to start
 * and serves that one, with everything in it: heaps are never taken apart. Threads that have none, because
 * theirs is being torn down or because there is no memory for one, borrow one that waits for the time of a
 * call.
 *
 * A signal handler may interrupt its thread anywhere in here, use the same heap, and jump out never to
 * return; the thread of a heap may also not be there any more after a fork. So each step leaves a heap that
 * is sound: a slot leaves one place before it enters the next, and what is lost on the way is not missed.
 */
#ifndef HEAP_H
#define HEAP_H

#include <stdatomic.h>

#include "constants.h"
#include "inbox.h"
#include "random.h"
#include "run.h"
#include "slot_table.h"

/* Slots of a magazine: enough to make refills rare, not so many that idle threads sit on much memory. */
#define MAGAZINE_MOST  128u
#define MAGAZINE_LEAST 2u
#define MAGAZINE_BYTES (64 * KIB)

/* How far below the slot that it hands out malloc looks into a magazine, for what comes soon. */
#define FAST_AHEAD 3

/* Classes that have depots: of slots of up to 1,040 bytes. */
#define DEPOT_CLASSES 32u

struct depot {
    uint32_t count;
    uint32_t slots[]; /* the last ones are taken first */
};

struct heap {
    struct stock stock;    /* by class */
    struct random *random; /* in memory that is wiped on fork */
    uint32_t index;        /* its number; runs name their owner by it */
    bool dubious;          /* its thread vanished in a fork: trust only the bitmaps of its runs */
    struct run_list runs[CLASS_COUNT];
    uint32_t until_sample;               /* blocks until the next that gets a page of its own (guarded.h) */
    size_t free_run_bytes;               /* in runs without a live block, since pages were last given back */
    struct depot *depots[DEPOT_CLASSES]; /* depot.h; NULL: not made yet */
    struct outbox outbox;
    _Atomic(struct parcel *) inbox; /* parcels from other heaps */
    uint32_t places[];              /* magazines and quarantines, laid out by heap_layout() */
};

/*
 * This thread's heap, as its distance from constants.no_heap, so that 0 says that there is none: not attached
 * yet, or no longer, or the dynamic linker has not prepared this thread's variables yet. One initial-exec TLS
 * load.
 */
extern __thread uintptr_t heap_distance __attribute__((tls_model("initial-exec")));

/* The heap, or constants.no_heap, which is empty in every respect: the hot paths need not ask which. */
static ALWAYS_INLINE struct heap *heap_or_none(void)
{
    return (struct heap *)((uintptr_t)&constants.no_heap + heap_distance);
}

/* The heap, or NULL. */
static ALWAYS_INLINE struct heap *heap_current(void)
{
    return heap_distance != 0 ? heap_or_none() : NULL;
}

/* Lay out heap->places[] in constants.classes[] for the settings in force. Returns sizeof(struct heap) with
 * it. */
size_t heap_layout(void);

/* Make the first heap, which is only ever lent. */
bool heap_start(void);

/* This thread's heap, attaching one if that is possible; NULL if it must borrow. Starts the allocator too. */
struct heap *heap_attach(void);

/* A heap for the time of one call of a thread without; heap_unlock_shared() when done. */
struct heap *heap_lock_shared(void);
void heap_unlock_shared(void);

/* Put what vanished threads had to use, which is left for when there is need of it. */
void heap_reclaim_dubious(void);

/* An idle heap that may have free slots of the class; NULL if none is found. heap_return_idle() after. */
struct heap *heap_borrow_idle(unsigned class);

/* The heap with that number if it is idle, else NULL. heap_return_idle() after. */
struct heap *heap_take_idle(uint32_t index);
void heap_return_idle(struct heap *heap);

/* Heap by number, below heap_count(). */
struct heap *heap_by_index(uint32_t index);
uint32_t heap_count(void);

void heap_fork_child(void);

/* How far the class has grown by now. */
static inline void heap_look_at_limit(struct heap *heap, unsigned class)
{
    heap->stock.limits[class] = __atomic_load_n(&slot_table_limits[class], __ATOMIC_RELAXED);
}

/* The slots of the class's magazine, of which there are heap->stock.counts[]: the last one is handed out
 * next. */
static ALWAYS_INLINE uint32_t *heap_magazine(struct heap *heap, const struct size_class *class)
{
    return (uint32_t *)(void *)((char *)heap + class->magazine);
}

#endif
