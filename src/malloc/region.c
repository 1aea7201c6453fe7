/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "region.h"

#include "constants.h"
#include "guard.h"
#include "heap.h"
#include "map.h"
#include "metadata.h"
#include "onlookers.h"
#include "slot.h"
#include "tags.h"
#include "trim.h"
#include "turn.h"

#define GROWTH_LEAST   (32 * KIB)
#define GROWTH_MOST    (8 * MIB)
#define GROWTH_SHIFT   3 /* by an eighth of what is there, so that system calls stay rare as the heap grows */
#define OBSTACLE_TRIES 64

#define GUARD_SLOTS_LEAST 3

/* Whoever is interrupted for good between any two steps leaves slots unused, never in use twice. */
struct region {
    struct turn turn;           /* to extend it */
    _Atomic(uint32_t) frontier; /* slots handed to heaps so far */
    _Atomic(size_t) mapped_to;  /* bytes from base; from the frontier up to there all is mapped */
    _Atomic(size_t) mapped;     /* bytes in all */
};

static struct region regions[CLASS_COUNT];

static uint32_t run_slots(const struct size_class *class)
{
    return 1u << class_run_shift(class);
}

/* The metadata of the slots up to there. */
static bool extend_tables(const struct size_class *class, size_t to)
{
    return slot_table_extend(class_index(class), (uint64_t)slot_of_offset(class, to - 1) + 1);
}

static void mark_unusable(const struct size_class *class, uint32_t slot)
{
    slot_run(class, slot)->unusable |= UINT64_C(1) << slot % run_slots(class);
    state_store(slot_state(class, slot), STATE_GUARD);
}

static bool install_guard(const struct size_class *class, size_t offset)
{
    enum guard made = guard_install(class->base + offset, constants.page_size);
    if (made == GUARD_MAPPING)
        slot_run(class, slot_of_offset(class, offset))->guards++;
    return made != GUARD_NONE;
}

static void guard_page_at(const struct size_class *class, size_t offset)
{
    if (!install_guard(class, offset))
        return;
    uint32_t last = slot_of_offset(class, offset + constants.page_size - 1);
    for (uint32_t slot = slot_of_offset(class, offset); slot <= last; slot++)
        mark_unusable(class, slot);
}

/* Windows leave room for several slots of the coarser classes: a slot must fit between two guards. */
static size_t guard_interval(const struct size_class *class)
{
    size_t least = (size_t) class->stride * GUARD_SLOTS_LEAST;
    return max_size(constants.guard_interval, round_up(least, constants.page_size));
}

/* One page at a random place in every window of the part [from, to). */
static void guard_windows(const struct size_class *class, struct random *random, size_t from, size_t to)
{
    size_t page = constants.page_size, interval = guard_interval(class);
    for (size_t window = from; window < to; window += interval) {
        size_t pages = min_size(interval, to - window) / page;
        if (pages == 0)
            break;
        guard_page_at(class, window + page * random_below(random, (uint32_t)pages));
    }
}

/* The page behind every slot whose end lies in [from, to). */
static void guard_slots(const struct size_class *class, size_t from, size_t to)
{
    size_t guard = constants.page_size;
    for (size_t end = (from / class->stride + 1) * class->stride; end <= to; end += class->stride)
        (void)install_guard(class, end - guard);
}

static void guard_part(unsigned c, struct random *random, size_t from, size_t to)
{
    if (c == CLASS_ZERO || !(constants.features & COMPATMALLOC_GUARD_PAGES))
        return;
    if (c >= CLASS_FIRST_PAGED)
        guard_slots(&constants.classes[c], from, to);
    else
        guard_windows(&constants.classes[c], random, from, to);
}

/* Slot 0, whose number means "none". Where slots begin on pages it guards the next one. */
static void give_up_first(const struct size_class *class)
{
    mark_unusable(class, 0);
    if (constants.features & COMPATMALLOC_GUARD_PAGES && class->stride % constants.page_size == 0 &&
        class < &constants.classes[CLASS_FIRST_PAGED])
        (void)install_guard(class, class->stride - constants.page_size);
}

/* Map [from, from + bytes), with guards and metadata. If not: whether that was because something is there. */
static bool map_part(struct region *region, unsigned c, struct random *random, size_t from, size_t bytes,
                     bool *obstructed)
{
    const struct size_class *class = &constants.classes[c];
    bool mapped = map_at(class->base + from, bytes, tags_protection(c));
    *obstructed = !mapped && map_was_occupied();
    if (!mapped)
        return false;
    size_t to = from + bytes;
    if (extend_tables(class, to)) {
        guard_part(c, random, from, to);
        if (atomic_compare_exchange_strong(&region->mapped_to, &from, to)) {
            atomic_fetch_add_explicit(&region->mapped, bytes, memory_order_relaxed);
            return true;
        }
    }
    /* No memory, or the region went on elsewhere meanwhile. */
    map_release(class->base + to - bytes, bytes);
    return false;
}

/* Something else of the process stands in the way, or a part that was never finished: go on behind it, at the
 * next extent. In this order, what lies between is never taken for part of the region. */
static bool skip(struct region *region, const struct size_class *class, unsigned tries)
{
    uint32_t frontier = atomic_load(&region->frontier);
    size_t from = atomic_load(&region->mapped_to);
    unsigned shift = class_extent_shift(class);
    uint64_t next = ((((uint64_t)frontier >> shift) + 1) << shift) + (((uint64_t)1 << tries / 4) << shift);
    uint64_t offset = next * class->stride;
    if (offset + MIB > slot_span(class))
        return false;
    /* Extents are whole pages, so the next part begins on a page and at a slot at once. */
    if (atomic_compare_exchange_strong(&region->frontier, &frontier, (uint32_t)next))
        (void)atomic_compare_exchange_strong(&region->mapped_to, &from, offset);
    return true;
}

/* The first part of a class is no more than its first table knows of. */
static size_t growth_of(const struct region *region, const struct size_class *class)
{
    size_t mapped = atomic_load_explicit(&region->mapped, memory_order_relaxed);
    if (mapped == 0 && SLOT_TABLE_FIRST * class->stride < GROWTH_LEAST)
        return round_up(SLOT_TABLE_FIRST * class->stride, constants.page_size);
    return round_up(max_size(GROWTH_LEAST, min_size(GROWTH_MOST, mapped >> GROWTH_SHIFT)),
                    max_size(GROWTH_LEAST, constants.page_size));
}

/* Map more, so that the next run is there or at least something has changed. */
static bool extend(struct region *region, unsigned c, struct random *random)
{
    const struct size_class *class = &constants.classes[c];
    for (unsigned tries = 1; tries <= OBSTACLE_TRIES; tries++) {
        uint64_t needed = ((uint64_t)atomic_load(&region->frontier) + run_slots(class)) * class->stride;
        size_t from = atomic_load(&region->mapped_to);
        if (needed > slot_span(class))
            return false;
        if (needed <= from)
            return true;
        size_t least = round_up(needed - from, constants.page_size);
        size_t growth = max_size(growth_of(region, class), least);
        if (from + growth > slot_span(class))
            growth = least;
        bool obstructed;
        if (map_part(region, c, random, from, growth, &obstructed) ||
            map_part(region, c, random, from, least, &obstructed))
            return true;
        if (from == atomic_load(&region->mapped_to) && (!obstructed || !skip(region, class, tries)))
            return false;
    }
    return false;
}

static struct run *make_run(const struct size_class *class, unsigned c, uint32_t first, uint32_t owner)
{
    if (first == 0)
        give_up_first(class);
    struct run *run = slot_run(class, first);
    run->first_slot = first;
    run->class = (uint16_t)c;
    run->slots = (uint16_t)run_slots(class);
    run->unusable |= run_beyond(run);
    run->free = run_all(run);
    atomic_store_explicit(&run->owner, owner, memory_order_relaxed);
    __atomic_store_n(&run->active, true, __ATOMIC_RELEASE);
    return run;
}

struct run *region_next_run(unsigned c, struct heap *heap)
{
    const struct size_class *class = &constants.classes[c];
    struct region *region = &regions[c];
    for (;;) {
        uint32_t first = atomic_load_explicit(&region->frontier, memory_order_acquire);
        uint64_t needed = ((uint64_t)first + run_slots(class)) * class->stride;
        if (needed > atomic_load_explicit(&region->mapped_to, memory_order_acquire)) {
            turn_take(&region->turn);
            bool done = extend(region, c, heap->random);
            turn_give_back(&region->turn);
            if (!done)
                return NULL;
        } else if (atomic_compare_exchange_weak(&region->frontier, &first, first + run_slots(class))) {
            struct run *run = make_run(class, c, first, heap->index);
            if (run->free != 0)
                return run;
        }
    }
}

/* The runs of the extent that begins at that slot. */
static struct run *extent_run(const struct size_class *class, uint32_t first, uint32_t number)
{
    return slot_run(class, first + number * run_slots(class));
}

static uint32_t extent_runs(const struct size_class *class)
{
    return (1u << class_extent_shift(class)) / run_slots(class);
}

/* Not all of it has tables where the region had to go on behind it: skip(). */
static bool extent_exists(const struct size_class *class, uint32_t first)
{
    return slot_exists(class, (uint64_t)first + (1u << class_extent_shift(class)) - 1);
}

static bool extent_is_free(const struct size_class *class, uint32_t first, const struct heap *heap)
{
    for (uint32_t i = 0; i < extent_runs(class); i++) {
        const struct run *run = extent_run(class, first, i);
        if (!run_is_owned(run, heap->index) || run->absent || run->free != run_all(run))
            return false;
    }
    return true;
}

static void extent_mark_absent(const struct size_class *class, uint32_t first, struct heap *heap)
{
    for (uint32_t i = 0; i < extent_runs(class); i++) {
        struct run *run = extent_run(class, first, i);
        run->absent = true;
        trim_run_in_use(heap, run);
        guard_forget(run->guards);
        run->guards = 0;
    }
    for (uint32_t slot = first; slot < first + (1u << class_extent_shift(class)); slot++) {
        state_word *word = slot_state(class, slot);
        if (state_is_freed(state_load(word)))
            state_store(word, STATE_PURGED);
    }
}

size_t region_release(unsigned c, struct heap *heap)
{
    const struct size_class *class = &constants.classes[c];
    struct region *region = &regions[c];
    uint32_t slots = 1u << class_extent_shift(class);
    uint32_t frontier = region_frontier(c);
    size_t bytes = (size_t)slots * class->stride, released = 0;
    for (uint32_t first = 0; first + slots <= frontier && first + slots > first; first += slots) {
        if (!extent_exists(class, first) || !extent_is_free(class, first, heap) || !onlookers_begin_removal())
            continue;
        extent_mark_absent(class, first, heap);
        signal_fence();
        map_release(slot_address(class, first), bytes);
        onlookers_end_removal();
        atomic_fetch_sub_explicit(&region->mapped, bytes, memory_order_relaxed);
        released += bytes;
    }
    return released;
}

/* Guards are among the slots that are unusable, or behind every slot; what is accessible already stays as it
 * is. */
static void run_lift_guards(const struct size_class *class, struct run *run)
{
    size_t page = constants.page_size;
    for (uint32_t slot = run->first_slot; slot < run->first_slot + run->slots; slot++) {
        size_t start = (size_t)slot * class->stride, end = start + class->stride;
        if (class >= &constants.classes[CLASS_FIRST_PAGED])
            guard_lift(class->base + end - page, page);
        else if (state_load(slot_state(class, slot)) == STATE_GUARD)
            guard_lift(class->base + round_down(start, page), round_up(end, page) - round_down(start, page));
    }
    guard_forget(run->guards);
    run->guards = 0;
}

unsigned region_lift_guards(unsigned c, const struct heap *heap, unsigned most)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t frontier = region_frontier(c);
    unsigned lifted = 0;
    for (uint32_t slot = 0; slot < frontier && lifted < most; slot += run_slots(class)) {
        if (!slot_exists(class, slot))
            break;
        struct run *run = slot_run(class, slot);
        if (!run_is_owned(run, heap->index) || run->absent || run->guards == 0)
            continue;
        lifted += run->guards;
        run_lift_guards(class, run);
    }
    return lifted;
}

/* Guards went with the mapping; what they made unusable is usable until new ones are made. */
static void extent_forget_guards(const struct size_class *class, uint32_t first)
{
    for (uint32_t i = 0; i < extent_runs(class); i++)
        extent_run(class, first, i)->unusable = run_beyond(extent_run(class, first, i));
    for (uint32_t slot = first; slot < first + (1u << class_extent_shift(class)); slot++) {
        state_word *word = slot_state(class, slot);
        if (state_load(word) == STATE_GUARD)
            state_store(word, STATE_FRESH);
    }
    if (first == 0)
        give_up_first(class);
}

bool region_restore(struct run *run, struct heap *heap)
{
    const struct size_class *class = &constants.classes[run->class];
    struct region *region = &regions[run->class];
    uint32_t slots = 1u << class_extent_shift(class);
    uint32_t first = run->first_slot & ~(slots - 1);
    size_t from = (size_t)first * class->stride, bytes = (size_t)slots * class->stride;
    if (!map_at(class->base + from, bytes, tags_protection(run->class)))
        return false;
    atomic_fetch_add_explicit(&region->mapped, bytes, memory_order_relaxed);
    extent_forget_guards(class, first);
    guard_part(run->class, heap->random, from, from + bytes);
    for (uint32_t i = 0; i < extent_runs(class); i++) {
        struct run *restored = extent_run(class, first, i);
        restored->free = run_all(restored);
        signal_fence();
        restored->absent = false;
    }
    return true;
}

uint32_t region_frontier(unsigned class)
{
    return atomic_load_explicit(&regions[class].frontier, memory_order_acquire);
}

/* Most extents have a live block among the first that are looked at. */
static bool extent_is_unused(const struct size_class *class, uint32_t first)
{
    if (!extent_exists(class, first) || extent_run(class, first, 0)->absent)
        return false;
    for (uint32_t i = 0; i < 1u << class_extent_shift(class); i++)
        if (state_is_live(state_load(slot_state(class, first + i))))
            return false;
    return true;
}

size_t region_unused(unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t slots = 1u << class_extent_shift(class), frontier = region_frontier(c);
    size_t bytes = 0;
    for (uint32_t first = 0; first + slots <= frontier && first + slots > first; first += slots)
        if (extent_is_unused(class, first))
            bytes += (size_t)slots * class->stride;
    return bytes;
}

size_t region_mapped(unsigned class)
{
    return atomic_load_explicit(&regions[class].mapped, memory_order_relaxed);
}

void region_fork_child(void)
{
    for (unsigned c = 0; c < CLASS_COUNT; c++)
        turn_reset(&regions[c].turn);
}
