/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "heap.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "constants.h"
#include "fork.h"
#include "lock.h"
#include "metadata.h"
#include "region.h"
#include "slot.h"
#include "start.h"

#define HEAPS_MAX 65536u

/* Slots of a magazine: enough to make refills rare, not so many that idle threads sit on much memory. */
#define MAGAZINE_MOST  128u
#define MAGAZINE_LEAST 2u
#define MAGAZINE_BYTES (64 * KIB)

/* Slots in quarantine. Few enough to stay in cache, because their contents are looked at again when they come
 * out. */
#define RING_MOST         64u
#define RING_LEAST        2u
#define RING_BYTES        (16 * KIB)
#define STRICT_RING_MOST  4096u
#define STRICT_RING_LEAST 64u
#define STRICT_RING_BYTES (256 * KIB)

enum phase {
    PHASE_NEW,
    PHASE_ATTACHED,
    PHASE_ENDED
};

__thread struct heap *heap_current __attribute__((tls_model("initial-exec")));
static __thread enum phase phase __attribute__((tls_model("initial-exec")));

static struct lock list_lock; /* guards the table, the idle list and heaps on it */
static struct heap **table;   /* by index; 0 is the shared heap */
static _Atomic(uint32_t) made;
static struct heap *idle;
static _Atomic(uint32_t) idle_count;
static bool dubious_runs; /* runs of dubious heaps are in no list yet */

static struct lock shared_lock;
static size_t heap_bytes;
static pthread_key_t end_key;

static uint32_t power_of_two_below(size_t value)
{
    return value ? (uint32_t)1 << (63 - __builtin_clzll(value)) : 1;
}

static uint32_t clamp(size_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : (uint32_t)value;
}

static uint32_t ring_entries(const struct size_class *class)
{
    const struct settings *settings = &constants.settings;
    if (settings->quarantine_size != 0)
        return power_of_two_below(clamp(settings->quarantine_size / class->stride, 1, 32768));
    if (settings->profile == PROFILE_STRICT)
        return power_of_two_below(
            clamp(STRICT_RING_BYTES / class->stride * 4, STRICT_RING_LEAST, STRICT_RING_MOST));
    return power_of_two_below(clamp(RING_BYTES / class->stride, RING_LEAST, RING_MOST));
}

size_t heap_layout(void)
{
    uint32_t at = 2; /* so many stand before the first magazine (fast.h) */
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        struct size_class *class = &constants.classes[c];
        class->magazine = at;
        class->magazine_capacity =
            (uint16_t)clamp(MAGAZINE_BYTES / class->stride, MAGAZINE_LEAST, MAGAZINE_MOST);
        at += class->magazine_capacity;
        class->ring = at;
        uint32_t ring = ring_entries(class);
        uint32_t mix = clamp(ring / 2, 1, 64);
        class->ring_mask = (uint16_t)(ring - 1);
        class->mix_mask = (uint16_t)(mix - 1);
        if (constants.features & COMPATMALLOC_QUARANTINE)
            at += ring + mix;
    }
    heap_bytes = sizeof(struct heap) + at * sizeof(uint32_t);
    return heap_bytes;
}

static struct heap *heap_new(void)
{
    uint32_t index = atomic_load_explicit(&made, memory_order_relaxed);
    if (index == HEAPS_MAX)
        return NULL;
    struct random *random = metadata_allocate_wiped(sizeof *random, 64);
    struct heap *heap = random ? metadata_allocate(heap_bytes, 64) : NULL;
    if (!heap)
        return NULL;
    heap->random = random;
    heap->index = index;
    table[index] = heap;
    atomic_store_explicit(&made, index + 1, memory_order_release);
    return heap;
}

/* POSIX runs destructors again while any sets its value anew: ours waits for the last round, behind all
 * others. */
static void thread_ends(void *round)
{
    uintptr_t next = (uintptr_t)round + 1;
    if (next <= PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(end_key, (void *)next) == 0)
        return;
    struct heap *heap = heap_current;
    heap_current = NULL;
    phase = PHASE_ENDED;
    if (!heap)
        return;
    outbox_deliver(heap);
    lock_acquire(&list_lock);
    heap->attached = false;
    heap->next_idle = idle;
    idle = heap;
    atomic_fetch_add_explicit(&idle_count, 1, memory_order_relaxed);
    lock_release(&list_lock);
}

bool heap_start(void)
{
    table = metadata_allocate(HEAPS_MAX * sizeof(struct heap *), 64);
    if (!table || !heap_new())
        return false;
    (void)pthread_key_create(&end_key, thread_ends);
    return true;
}

/* A heap whose thread vanished in a fork may have been in the middle of anything; bitmaps are whole at any
 * moment. */
static void distrust(struct heap *heap)
{
    memset(heap->count, 0, sizeof heap->count);
    memset(heap->ring_at, 0, sizeof heap->ring_at);
    memset(heap->runs, 0, sizeof heap->runs);
    memset(heap->slots, 0, heap_bytes - sizeof *heap);
    heap->outbox.count = 0;
    heap->free_run_bytes = 0;
}

/*
 * One walk over all runs puts those of dubious heaps back into their owners' lists. Not done in the child at
 * once: most children of threaded programs go on to exec, and this touches much that they share with their
 * parent.
 */
static void relist_dubious_runs(void)
{
    uint32_t count = atomic_load_explicit(&made, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++)
        if (table[i]->dubious)
            distrust(table[i]);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct size_class *class = &constants.classes[c];
        uint32_t frontier = region_frontier(c);
        for (uint32_t slot = 0; slot < frontier;) {
            if (!slot_extent(class, slot)) {
                slot = ((slot >> class->extent_shift) + 1) << class->extent_shift;
                continue;
            }
            struct run *run = slot_run(class, slot);
            slot += run->slots ? run->slots : RUN_SLOTS;
            if (!run->active)
                continue;
            struct heap *owner = table[atomic_load_explicit(&run->owner, memory_order_relaxed)];
            if (!owner->dubious)
                continue;
            run->listed = false;
            run->free &= run_all(run);
            if (run->free)
                run_list_append(&owner->runs[c], run);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        table[i]->dubious = false;
    dubious_runs = false;
}

static struct heap *take_idle_or_new(void)
{
    lock_acquire(&list_lock);
    struct heap *heap = idle;
    if (heap) {
        if (unlikely(dubious_runs))
            relist_dubious_runs();
        idle = heap->next_idle;
        atomic_fetch_sub_explicit(&idle_count, 1, memory_order_relaxed);
    } else {
        heap = heap_new();
    }
    if (heap)
        heap->attached = true;
    lock_release(&list_lock);
    return heap;
}

struct heap *heap_attach(void)
{
    if (!start_process() || phase == PHASE_ENDED)
        return NULL;
    fork_check();
    struct heap *heap = take_idle_or_new();
    if (!heap)
        return NULL;
    heap_current = heap;
    phase = PHASE_ATTACHED;
    (void)pthread_setspecific(end_key, (void *)1);
    return heap;
}

struct heap *heap_lock_shared(void)
{
    lock_acquire(&shared_lock);
    return table[0];
}

void heap_unlock_shared(void)
{
    lock_release(&shared_lock);
}

struct heap *heap_borrow_idle(unsigned class)
{
    if (atomic_load_explicit(&idle_count, memory_order_relaxed) == 0)
        return NULL;
    lock_acquire(&list_lock);
    if (unlikely(dubious_runs))
        relist_dubious_runs();
    struct heap **link = &idle;
    for (int looked = 0; *link && looked < 16; link = &(*link)->next_idle, looked++) {
        struct heap *heap = *link;
        if (class == CLASS_COUNT || heap->runs[class].oldest || heap->count[class] ||
            atomic_load_explicit(&heap->inbox, memory_order_relaxed)) {
            *link = heap->next_idle;
            atomic_fetch_sub_explicit(&idle_count, 1, memory_order_relaxed);
            lock_release(&list_lock);
            return heap;
        }
    }
    lock_release(&list_lock);
    return NULL;
}

void heap_return_idle(struct heap *heap)
{
    lock_acquire(&list_lock);
    heap->next_idle = idle;
    idle = heap;
    atomic_fetch_add_explicit(&idle_count, 1, memory_order_relaxed);
    lock_release(&list_lock);
}

struct heap *heap_by_index(uint32_t index)
{
    return table[index];
}

uint32_t heap_count(void)
{
    return atomic_load_explicit(&made, memory_order_acquire);
}

void heap_fork_prepare(void)
{
    lock_acquire(&shared_lock);
    lock_acquire(&list_lock);
}

void heap_fork_parent(void)
{
    lock_release(&list_lock);
    lock_release(&shared_lock);
}

void heap_fork_child(void)
{
    lock_reset(&list_lock);
    lock_reset(&shared_lock);

    uint32_t count = atomic_load_explicit(&made, memory_order_relaxed);
    uint32_t others = 0;
    idle = NULL;
    for (uint32_t i = 1; i < count; i++) {
        struct heap *heap = table[i];
        if (heap == heap_current)
            continue;
        heap->dubious = true;
        heap->attached = false;
        heap->next_idle = idle;
        idle = heap;
        others++;
    }
    atomic_store_explicit(&idle_count, others, memory_order_relaxed);
    dubious_runs = others != 0;
    /* Wiped by the kernel already, where it can. */
    random_wipe(table[0]->random);
    if (heap_current)
        random_wipe(heap_current->random);
}
