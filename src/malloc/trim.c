/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "trim.h"

#include <malloc.h>
#include <sys/mman.h>

#include "fill.h"
#include "fork.h"
#include "fresh.h"
#include "guard.h"
#include "heap.h"
#include "large.h"
#include "map.h"
#include "quarantine.h"
#include "refill.h"
#include "region.h"
#include "slot.h"
#include "start.h"
#include "tags.h"
#include "turn.h"

/* Free runs are kept up to this much and an eighth of the heap: giving back and faulting in again costs more
 * than that. */
#define KEPT_LEAST (4 * MIB)
#define KEPT_SHIFT 3

/* Of slots from this size on, of which a page has few, runs give back when three quarters are free, by the
 * page. Smaller ones only when all are. */
#define PARTLY_FROM 512u

static _Atomic(size_t) given_back_bytes; /* of free runs */

/* The first slot from there on that holds what its free left there; past `last` if there is none. */
static uint32_t next_filled(const struct size_class *class, uint32_t slot, uint32_t last)
{
    while (slot <= last && state_load(slot_state(class, slot)) != STATE_FREED)
        slot++;
    return slot;
}

/* The bits of the run's slots among [first, last]. */
static uint64_t bits_between(const struct run *run, uint32_t first, uint32_t last)
{
    uint32_t low = first > run->first_slot ? first - run->first_slot : 0;
    uint32_t high = last - run->first_slot < RUN_SLOTS ? last - run->first_slot : RUN_SLOTS - 1;
    return UINT64_MAX << low & UINT64_MAX >> (RUN_SLOTS - 1 - high);
}

/* Whether every slot that touches the page may be given back, and some slot has anything to give. */
static bool page_is_free(const struct heap *heap, unsigned c, size_t offset)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t first = slot_of_offset(class, offset);
    uint32_t last = slot_of_offset(class, offset + constants.page_size - 1);
    const struct run *run;
    for (uint32_t slot = first; slot <= last; slot = run->first_slot + run->slots) {
        if (!slot_exists_in(c, slot))
            return false;
        run = slot_run(class, slot);
        if (!run_is_owned(run, heap->index) || run->absent ||
            (bits_between(run, slot, last) & ~(run->free | run->unusable)) != 0)
            return false;
    }
    return next_filled(class, first, last) <= last;
}

/* The slots [first, end) of free runs, but for those that are unusable. */
static void put_back(const struct size_class *class, uint32_t first, uint32_t end)
{
    struct run *run;
    signal_fence();
    for (uint32_t slot = first; slot < end; slot = run->first_slot + run->slots) {
        run = slot_run(class, slot);
        run->free |= bits_between(run, slot, end - 1) & ~run->unusable;
    }
}

/*
 * Not to be handed out while their states do not say what they hold: a signal handler may allocate at any
 * time. False, and nothing done, if one has done so already.
 */
static bool withhold(const struct size_class *class, uint32_t first, uint32_t end)
{
    struct run *run;
    for (uint32_t slot = first; slot < end; slot = run->first_slot + run->slots) {
        run = slot_run(class, slot);
        uint64_t bits = bits_between(run, slot, end - 1) & ~run->unusable, free = run->free;
        if ((free & bits) != bits) {
            put_back(class, first, slot);
            return false;
        }
        run->free = free & ~bits;
    }
    signal_fence();
    return true;
}

/* The pages of [from, to) are gone, so the slot must read as zero where it reaches beyond, too. */
static void clear_rest(const struct size_class *class, uint32_t slot, size_t from, size_t to)
{
    size_t start = (size_t)slot * class->stride, end = start + class->usable;
    if (start < from)
        fill_zero(class->base + start, from - start);
    if (end > to)
        fill_zero(class->base + to, end - to);
}

/* `state` is what fresh_purge() has made of [from, to). */
static void release(const struct size_class *class, uint32_t slot, size_t from, size_t to, state_word state)
{
    if (state == STATE_FREED) {
        /* The kernel stopped at a locked page, if not at once: which pages are gone is not known. */
        fill_zero(slot_address(class, slot), class->usable);
        state = STATE_PURGED;
    } else {
        clear_rest(class, slot, from, to);
    }
    state_store(slot_state(class, slot), state);
}

static size_t give_back(unsigned c, size_t from, size_t to)
{
    const struct size_class *class = &constants.classes[c];
    if (from >= to)
        return 0;
    uint32_t first = slot_of_offset(class, from), last = slot_of_offset(class, to - 1);
    if (!withhold(class, first, last + 1))
        return 0;
    state_word state = fresh_purge(class, class->base + from, to - from);
    for (uint32_t slot = next_filled(class, first, last); slot <= last;
         slot = next_filled(class, slot + 1, last))
        release(class, slot, from, to, state);
    put_back(class, first, last + 1);
    return state == STATE_FREED ? 0 : to - from;
}

/* The pages that these slots touch, given back in stretches as long as possible. */
static size_t trim_slots(struct heap *heap, unsigned c, uint32_t first, uint32_t end_slot)
{
    const struct size_class *class = &constants.classes[c];
    size_t page = constants.page_size, given = 0;
    size_t start = round_down((size_t)first * class->stride, page);
    size_t end = round_up((size_t)end_slot * class->stride, page);
    size_t from = start;
    for (size_t at = start; at < end; at += page)
        if (!page_is_free(heap, c, at)) {
            given += give_back(c, from, at);
            from = at + page;
        }
    return given + give_back(c, from, end);
}

/* --- which runs have how much to give */

/* Bytes of its free slots. */
static uint32_t free_bytes(const struct run *run)
{
    return (uint32_t)((size_t)__builtin_popcountll(run->free) * constants.classes[run->class].stride);
}

static void uncount(struct heap *heap, struct run *run)
{
    heap->free_run_bytes -= min_size(heap->free_run_bytes, run->counted);
    run->counted = 0;
}

bool trim_is_worth_it(const struct run *run)
{
    if (constants.classes[run->class].stride < PARTLY_FROM)
        return run->free == run_all(run);
    uint32_t slots = (uint32_t)__builtin_popcountll(run_all(run));
    return (uint32_t)__builtin_popcountll(run->free) >= slots - slots / 4;
}

static bool has_something_to_give(const struct run *run, bool thoroughly)
{
    return !run->absent && run->given_back == 0 && (trim_is_worth_it(run) || (thoroughly && run->free != 0));
}

/* The run of the heap that lies behind, if that has something to give, too; or NULL. */
static struct run *next_to_give(const struct heap *heap, const struct run *run, bool thoroughly)
{
    const struct size_class *class = &constants.classes[run->class];
    uint32_t first = run->first_slot + run->slots;
    if (first >= region_frontier(run->class) || !slot_exists(class, first))
        return NULL;
    struct run *next = slot_run(class, first);
    return run_is_owned(next, heap->index) && has_something_to_give(next, thoroughly) ? next : NULL;
}

/* Together with those that follow it in memory: a run of small slots is a page or two, for which a system
 * call each would cost more than what it gives. */
static size_t trim_from(struct heap *heap, struct run *run, bool thoroughly)
{
    uint32_t first = run->first_slot, end = first;
    unsigned c = run->class;
    for (; run; run = next_to_give(heap, run, thoroughly)) {
        uncount(heap, run);
        run->given_back = free_bytes(run);
        atomic_fetch_add_explicit(&given_back_bytes, run->given_back, memory_order_relaxed);
        end = run->first_slot + run->slots;
    }
    return trim_slots(heap, c, first, end);
}

/* A process that is at its limit comes here for each call that fails, so it must not be looked at in vain. */
static size_t trim_runs(struct heap *heap, bool thoroughly)
{
    size_t given = 0;
    if (heap->free_run_bytes == 0 && !thoroughly)
        return 0;
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        for (struct run *run = heap->runs[c].oldest; run; run = run->next)
            if (has_something_to_give(run, thoroughly))
                given += trim_from(heap, run, thoroughly);
    heap->free_run_bytes = 0;
    return given;
}

/* What may be in memory of all regions. */
static size_t present_bytes(void)
{
    size_t bytes = 0, gone = atomic_load_explicit(&given_back_bytes, memory_order_relaxed);
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        bytes += region_mapped(c);
    return bytes - min_size(bytes, gone);
}

void trim_run_free(struct heap *heap, struct run *run)
{
    uncount(heap, run);
    run->counted = free_bytes(run);
    heap->free_run_bytes += run->counted;
    if (unlikely(heap->free_run_bytes > KEPT_LEAST) &&
        heap->free_run_bytes > max_size(KEPT_LEAST, present_bytes() >> KEPT_SHIFT))
        (void)trim_runs(heap, false);
}

void trim_run_in_use(struct heap *heap, struct run *run)
{
    uncount(heap, run);
    if (run->given_back != 0)
        atomic_fetch_sub_explicit(&given_back_bytes, run->given_back, memory_order_relaxed);
    run->given_back = 0;
}

void trim_run_moved(struct heap *from, struct heap *to, struct run *run)
{
    uint32_t counted = run->counted;
    uncount(from, run);
    run->counted = counted;
    to->free_run_bytes += counted;
}

/* --- all of it */

enum thoroughness {
    PAGES,
    ADDRESS_SPACE_TOO,
    QUARANTINES_TOO
};

/* So many guards make room for what is wanted, and for what will be next. */
#define GUARDS_LIFTED 256u

/* Without any mapping left the process is better off with fewer guards. */
static bool thin_guards(struct heap *heap)
{
    unsigned lifted = 0;
    if (!guard_has_mappings())
        return false;
    for (unsigned c = CLASS_COUNT; heap && c-- > CLASS_FIRST && lifted < GUARDS_LIFTED;)
        lifted += region_lift_guards(c, heap, GUARDS_LIFTED - lifted);
    if (lifted != 0)
        guard_economize();
    return lifted != 0;
}

static size_t trim_fully(struct heap *heap, enum thoroughness thoroughness)
{
    size_t given = 0;
    (void)inbox_take(heap);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        magazine_spill_all(heap, c);
        if (thoroughness == QUARANTINES_TOO)
            quarantine_spill_all(heap, c);
        if (thoroughness != PAGES)
            given += region_release(c, heap);
    }
    outbox_deliver(heap);
    return given + trim_runs(heap, thoroughness == PAGES);
}

void trim_ended_heap(struct heap *heap)
{
    (void)trim_fully(heap, QUARANTINES_TOO);
    (void)trim_runs(heap, true);
}

static size_t trim_idle(enum thoroughness thoroughness)
{
    size_t given = 0;
    heap_reclaim_dubious();
    for (uint32_t i = 0; i < heap_count(); i++) {
        struct heap *heap = heap_take_idle(i);
        if (!heap)
            continue;
        given += trim_fully(heap, thoroughness);
        heap_return_idle(heap);
    }
    return given;
}

static bool trim(enum thoroughness thoroughness)
{
    fork_check();
    size_t given = trim_idle(thoroughness);
    struct heap *heap = heap_current();
    if (heap)
        given += trim_fully(heap, thoroughness);
    return large_trim(thoroughness == QUARANTINES_TOO) || given != 0;
}

bool trim_everything(void)
{
    return trim(PAGES);
}

/* How often somebody who gets no memory tries again, as others give it back, or take it first. */
#define EMERGENCY_TRIES 32u

/* More than this cannot be had by giving back. */
static size_t unused_bytes(void)
{
    size_t bytes = large_unused();
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        bytes += region_unused(c);
    return bytes;
}

static bool can_be_mapped(size_t bytes)
{
    char *probe = map_anywhere(round_up(bytes, constants.page_size), PROT_READ | PROT_WRITE);
    if (probe)
        map_release(probe, round_up(bytes, constants.page_size));
    return probe != NULL;
}

/* Together with what is left to the process. Or it is not bytes that are wanting, but mappings, which freed
 * blocks have too. */
static bool may_help(size_t size, size_t (*unused_in)(void))
{
    if (size <= SMALL_LIMIT)
        return true;
    size_t unused = unused_in();
    return size <= unused || can_be_mapped(size - unused) || !map_has_mappings_left();
}

static bool give_back_for(size_t size, unsigned attempt)
{
    if (attempt > 1 || !may_help(size, unused_bytes))
        return false;
    if (attempt == 0 && trim(ADDRESS_SPACE_TOO) && map_has_mappings_left())
        return true;
    bool given = trim(QUARANTINES_TOO);
    return (!map_has_mappings_left() && thin_guards(heap_current())) || given;
}

static _Atomic(uint32_t) emergencies; /* that are over */

struct trim_emergency trim_emergency_none(void)
{
    return (struct trim_emergency){.seen = atomic_load_explicit(&emergencies, memory_order_relaxed)};
}

/* One at a time: what another thread is just giving back is neither there to be had nor to be found. */
bool trim_emergency(size_t size, struct trim_emergency *emergency)
{
    static struct turn turn;
    if (++emergency->tries > EMERGENCY_TRIES)
        return false;
    turn_take(&turn);
    uint32_t over = atomic_load_explicit(&emergencies, memory_order_relaxed);
    bool again = over != emergency->seen || give_back_for(size, emergency->attempts++);
    if (over == emergency->seen)
        atomic_store_explicit(&emergencies, ++over, memory_order_relaxed);
    emergency->seen = over;
    turn_give_back(&turn);
    if (again)
        return true;
    /* Nothing waits any more, so what there is some thread has in its hands: to unmap it, mostly. */
    if (size <= SMALL_LIMIT || large_unused() == 0 || !may_help(size, large_unused))
        return false;
    turn_pause();
    return true;
}

/*
 * Give memory back to the system. `pad` bytes need not be kept here, as growing again costs no more than a
 * page fault. Returns 1 if any was given back, else 0. malloc_trim(3).
 */
EXPORT int malloc_trim(size_t pad)
{
    (void)pad;
    if (!start_process() || start_is_passthrough())
        return 0;
    uint64_t checked = tags_ignore();
    int given = trim_everything();
    tags_restore(checked);
    return given;
}
