/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "heap.h"

#include "depot.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "constants.h"
#include "fork.h"
#include "metadata.h"
#include "quarantine.h"
#include "region.h"
#include "slot.h"
#include "start.h"
#include "trim.h"
#include "turn.h"

#define HEAPS_MAX 65536u

/* Slots in quarantine. Few enough to stay in cache, because their contents are looked at again when they come
 * out. */
#define RING_MOST         64u
#define RING_LEAST        2u
#define RING_BYTES        (16 * KIB)
#define STRICT_RING_MOST  4096u
#define STRICT_RING_LEAST 64u
#define STRICT_RING_BYTES (192 * KIB)
#define STRICT_RING_SMALL 64u /* slots of up to so many bytes: as many as possible */

/* So many idle heaps keep their memory for the threads that come next. */
#define IDLE_KEPT 64u

/* How many idle heaps are looked at for one that has what is sought. */
#define LOOKS 16

/* The round of destructors that ours waits for. ThreadSanitizer takes the last one for itself. */
#ifndef DESTRUCTOR_ROUNDS
#define DESTRUCTOR_ROUNDS PTHREAD_DESTRUCTOR_ITERATIONS
#endif

enum phase {
    PHASE_NEW,
    PHASE_ATTACHED,
    PHASE_ENDED
};

__thread uintptr_t heap_distance __attribute__((tls_model("initial-exec")));
static __thread enum phase phase __attribute__((tls_model("initial-exec")));

static struct heap **table; /* by index */
static _Atomic(uint32_t) made;
static _Atomic(bool) dubious_runs; /* runs of dubious heaps are in no list yet, nor are the heaps idle */

/* Heaps that serve no thread, a bit for each. Whoever clears the bit has the heap. */
static _Atomic(uint64_t) idle[HEAPS_MAX / 64];
static _Atomic(uint32_t) look_from; /* where to begin when one of them is sought by what it has */

static __thread struct heap *borrowed __attribute__((tls_model("initial-exec")));
static __thread unsigned borrowings __attribute__((tls_model("initial-exec")));

static size_t heap_bytes;
static _Atomic(struct random *) spare_random;
static struct random *root; /* of all generators */
static pthread_key_t end_key;

static uint32_t clamp(size_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : (uint32_t)value;
}

static uint32_t ring_entries(const struct size_class *class)
{
    const struct settings *settings = &constants.settings;
    if (settings->quarantine_size != 0)
        return power_of_two_below(clamp(settings->quarantine_size / class->stride, 1, 32768));
    if (settings->profile != PROFILE_STRICT)
        return power_of_two_below(clamp(RING_BYTES / class->stride, RING_LEAST, RING_MOST));
    if (class->stride <= STRICT_RING_SMALL)
        return STRICT_RING_MOST;
    return power_of_two_below(clamp(STRICT_RING_BYTES / class->stride, STRICT_RING_LEAST, STRICT_RING_MOST));
}

static uint32_t place_offset(uint32_t place)
{
    return (uint32_t)(offsetof(struct heap, places) + place * sizeof(uint32_t));
}

size_t heap_layout(void)
{
    uint32_t at = FAST_AHEAD - 1; /* so far before the first magazine the fast path may look (fast.h) */
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        struct size_class *class = &constants.classes[c];
        class->magazine = place_offset(at);
        class->magazine_capacity =
            (uint16_t)clamp(MAGAZINE_BYTES / class->stride, MAGAZINE_LEAST, MAGAZINE_MOST);
        at += class->magazine_capacity;
        class->quarantine = place_offset(at);
        uint32_t ring = ring_entries(class);
        uint32_t mix = clamp(ring / 2, 1, 64);
        class->batch = (uint8_t)power_of_two_below(
            clamp(min_size(ring / 2, class->magazine_capacity / 2u), 1, BATCH_MOST));
        class->batches = (uint16_t)(ring / class->batch);
        class->mix_mask = (uint8_t)(mix - 1);
        if (constants.features & COMPATMALLOC_QUARANTINE)
            at += QUARANTINE_PLACES(class);
    }
    heap_bytes = sizeof(struct heap) + at * sizeof(uint32_t);
    return heap_bytes;
}

/* Pieces of the metadata cannot be given back: one that was had in vain is for the next attempt. */
static struct random *new_random(void)
{
    struct random *random = atomic_exchange(&spare_random, NULL);
    return random ? random : metadata_allocate_wiped(sizeof *random, 64);
}

static struct heap *heap_new(void)
{
    if (atomic_load(&made) >= HEAPS_MAX)
        return NULL;
    struct random *random = new_random();
    struct heap *heap = random ? metadata_allocate(heap_bytes, 64) : NULL;
    if (!heap) {
        atomic_store(&spare_random, random);
        return NULL;
    }
    uint32_t index = atomic_load(&made);
    do
        if (index >= HEAPS_MAX)
            return NULL;
    while (!atomic_compare_exchange_weak(&made, &index, index + 1));
    heap->random = random;
    heap->index = index;
    random_derive(random, root, index);
    __atomic_store_n(&table[index], heap, __ATOMIC_RELEASE);
    return heap;
}

void heap_return_idle(struct heap *heap)
{
    uint64_t bit = UINT64_C(1) << heap->index % 64;
    atomic_fetch_or_explicit(&idle[heap->index / 64], bit, memory_order_release);
}

struct heap *heap_take_idle(uint32_t index)
{
    uint64_t bit = UINT64_C(1) << index % 64;
    if (!(atomic_load_explicit(&idle[index / 64], memory_order_relaxed) & bit) ||
        !(atomic_fetch_and_explicit(&idle[index / 64], ~bit, memory_order_acquire) & bit))
        return NULL;
    return heap_by_index(index);
}

/* The index of an idle heap from there on, or one that no heap has. */
static uint32_t next_idle(uint32_t from)
{
    uint32_t count = heap_count();
    while (from < count) {
        uint64_t bits = atomic_load_explicit(&idle[from / 64], memory_order_relaxed) >> from % 64;
        if (bits != 0)
            return from + (uint32_t)__builtin_ctzll(bits);
        from = (from / 64 + 1) * 64;
    }
    return HEAPS_MAX;
}

static struct heap *take_any_idle(uint32_t from)
{
    struct heap *heap = NULL;
    for (uint32_t i = next_idle(from); !heap && i < HEAPS_MAX; i = next_idle(i + 1))
        heap = heap_take_idle(i);
    return heap;
}

static uint32_t idle_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i * 64 < heap_count(); i++)
        count += (uint32_t)__builtin_popcountll(atomic_load_explicit(&idle[i], memory_order_relaxed));
    return count;
}

/* POSIX runs destructors again while any sets its value anew: ours waits for the last round, behind all
 * others. */
static void thread_ends(void *round)
{
    uintptr_t next = (uintptr_t)round + 1;
    if (next <= DESTRUCTOR_ROUNDS && pthread_setspecific(end_key, (void *)next) == 0)
        return;
    struct heap *heap = heap_current();
    heap_distance = 0;
    phase = PHASE_ENDED;
    if (!heap)
        return;
    outbox_deliver(heap);
    if (idle_count() >= IDLE_KEPT)
        trim_ended_heap(heap);
    heap_return_idle(heap);
}

bool heap_start(void)
{
    table = metadata_allocate(HEAPS_MAX * sizeof(struct heap *), 64);
    root = metadata_allocate_wiped(sizeof *root, 64);
    if (!table || !root)
        return false;
    random_seed(root);
    struct heap *first = heap_new();
    if (!first)
        return false;
    heap_return_idle(first);
    (void)pthread_key_create(&end_key, thread_ends);
    return true;
}

/* A heap whose thread vanished in a fork may have been in the middle of anything; bitmaps are whole at any
 * moment. */
static void distrust(struct heap *heap)
{
    memset(&heap->stock, 0, sizeof heap->stock);
    memset(heap->runs, 0, sizeof heap->runs);
    memset(heap->places, 0, heap_bytes - sizeof *heap);
    heap->outbox.count = 0;
    heap->free_run_bytes = 0;
}

static void list_if_dubious(unsigned c, struct run *run)
{
    struct heap *owner = heap_by_index(atomic_load_explicit(&run->owner, memory_order_relaxed));
    if (!owner->dubious)
        return;
    run->listed = false;
    run->counted = 0;
    run->free &= run_all(run);
    if (run->free)
        run_list_append(&owner->runs[c], run);
}

/*
 * One walk over all runs puts those of dubious heaps back into their owners' lists. Not done in the child at
 * once: most children of threaded programs go on to exec, and this touches much that they share with their
 * parent. Until it has been done these heaps are not idle, so nobody has to wait for whoever does it.
 */
static void relist_dubious_runs(void)
{
    uint32_t count = heap_count();
    if (!atomic_exchange(&dubious_runs, false))
        return;
    for (uint32_t i = 0; i < count; i++)
        if (table[i] && table[i]->dubious)
            distrust(table[i]);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct size_class *class = &constants.classes[c];
        uint32_t frontier = region_frontier(c);
        for (uint32_t slot = 0; slot < frontier;) {
            if (!slot_exists_in(c, slot))
                break;
            struct run *run = slot_run(class, slot);
            bool active = run_is_active(run);
            slot += run->slots ? run->slots : RUN_SLOTS;
            if (active)
                list_if_dubious(c, run);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        if (table[i] && table[i]->dubious) {
            table[i]->dubious = false;
            heap_return_idle(table[i]);
        }
}

void heap_reclaim_dubious(void)
{
    if (unlikely(atomic_load_explicit(&dubious_runs, memory_order_relaxed)))
        relist_dubious_runs();
}

static struct heap *take_idle_or_new(uint32_t from)
{
    heap_reclaim_dubious();
    struct heap *heap = take_any_idle(from);
    return heap ? heap : heap_new();
}

struct heap *heap_attach(void)
{
    if (!start_process() || phase == PHASE_ENDED)
        return NULL;
    fork_check();
    struct heap *heap = take_idle_or_new(1);
    if (!heap)
        return NULL;
    heap_distance = (uintptr_t)heap - (uintptr_t)&constants.no_heap;
    phase = PHASE_ATTACHED;
    (void)pthread_setspecific(end_key, (void *)1);
    return heap;
}

/*
 * The first heap is never any thread's own, so that there is always one to be lent. A handler that
 * interrupted such a call goes on with the heap that was lent for that; if it never returns, the heap stays
 * the thread's.
 */
struct heap *heap_lock_shared(void)
{
    borrowings++;
    while (!borrowed && (borrowed = take_idle_or_new(0)) == NULL)
        turn_pause();
    return borrowed;
}

void heap_unlock_shared(void)
{
    if (--borrowings != 0)
        return;
    struct heap *heap = borrowed;
    borrowed = NULL;
    signal_fence();
    heap_return_idle(heap);
}

static bool may_have(struct heap *heap, unsigned class)
{
    return heap->runs[class].oldest || heap->stock.counts[class] != 0 || depot_has_some(heap, class) ||
           atomic_load_explicit(&heap->inbox, memory_order_relaxed);
}

struct heap *heap_borrow_idle(unsigned class)
{
    heap_reclaim_dubious();
    uint32_t i = next_idle(atomic_load_explicit(&look_from, memory_order_relaxed));
    for (int looks = 0; looks < LOOKS && i < HEAPS_MAX; looks++, i = next_idle(i + 1)) {
        struct heap *heap = heap_take_idle(i);
        if (heap && may_have(heap, class))
            return heap;
        if (heap)
            heap_return_idle(heap);
    }
    atomic_store_explicit(&look_from, i < HEAPS_MAX ? i : 0, memory_order_relaxed);
    return NULL;
}

struct heap *heap_by_index(uint32_t index)
{
    return __atomic_load_n(&table[index], __ATOMIC_ACQUIRE);
}

uint32_t heap_count(void)
{
    return atomic_load_explicit(&made, memory_order_acquire);
}

static bool is_idle(uint32_t index)
{
    return atomic_load(&idle[index / 64]) >> index % 64 & 1;
}

/* Wiped by the kernel already, where it can. */
static void forget(struct random *random)
{
    if (random->seeded)
        random_wipe(random);
}

/* What served a thread that is not here is dubious; what was idle is as it was left. */
void heap_fork_child(void)
{
    uint32_t count = heap_count();
    forget(root);
    for (uint32_t i = 0; i < count; i++) {
        struct heap *heap = table[i];
        if (!heap)
            continue;
        forget(heap->random);
        if (heap == heap_or_none() || heap == borrowed || is_idle(i))
            continue;
        heap->dubious = true;
        atomic_store(&dubious_runs, true);
    }
}
