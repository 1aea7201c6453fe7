/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "refill.h"

#include <string.h>

#include "depot.h"
#include "fork.h"
#include "heap.h"
#include "misuse.h"
#include "region.h"
#include "slot.h"
#include "trim.h"

/*
 * A refill takes the slots from several runs at once: from each its next few free ones in ascending order,
 * and which run the next slot comes from, and which of its next few, is random. So the place of a block
 * cannot be predicted, and two blocks allocated one after the other are hardly ever neighbours, but each run
 * is still walked upwards: what the program touches in the order in which it allocated it, the CPU's
 * prefetchers can follow. (All slots of three runs in random order, as this was once, made a program with a
 * heap larger than the caches nearly twice as slow.)
 *
 * A small heap mixes few runs, so that it touches few pages, but takes more from each.
 */
#define STREAMS_MOST  16u
#define STREAMS_LEAST 3u
#define STREAM_BYTES  (64 * KIB) /* of the runs that are mixed */

/* Where many runs are mixed the strict profile also chooses among so many next slots of each. */
#define CHOICES_IF_STRICT 4u

struct stream {
    uint32_t first_slot;
    uint64_t bits; /* taken out of the run, still to be placed */
};

static unsigned streams_wanted(unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    size_t runs = region_frontier(c) / RUN_SLOTS / 4;
    size_t most = STREAM_BYTES / ((size_t) class->stride * RUN_SLOTS);
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_SLOT_RANDOMIZATION))
        return 1;
    runs = runs < STREAMS_LEAST ? STREAMS_LEAST : runs > STREAMS_MOST ? STREAMS_MOST : runs;
    return runs < most ? (unsigned)runs : most != 0 ? (unsigned)most : 1;
}

static unsigned below(struct random *random, unsigned bound)
{
    return random_byte(random) * bound >> 8;
}

/* Take one of the lowest few bits. */
static unsigned take_bit(uint64_t *bits, unsigned choice)
{
    uint64_t rest = *bits;
    while (choice-- != 0 && (rest & (rest - 1)) != 0)
        rest &= rest - 1;
    *bits &= ~(rest & -rest);
    return (unsigned)__builtin_ctzll(rest);
}

/* The slots of the streams, from the end of slots[count] on in the order in which they will be handed out. */
static ALWAYS_INLINE void merge(struct random *random, struct stream *streams, unsigned live, uint32_t *slots,
                                unsigned count, unsigned choices)
{
    const uint8_t *bytes = random_bytes(random, count);
    for (unsigned at = count; at-- != 0;) {
        struct stream *stream = &streams[bytes[at] * live >> 8];
        unsigned choice = choices == 1 ? 0 : below(random, choices);
        slots[at] = stream->first_slot + take_bit(&stream->bits, choice);
        if (stream->bits == 0)
            *stream = streams[--live];
    }
}

/* The same with the slots of each stream one after the other. */
static void line_up(const struct stream *streams, unsigned live, uint32_t *slots, unsigned count)
{
    for (unsigned i = 0; i < live; i++)
        for (uint64_t bits = streams[i].bits; bits != 0; bits &= bits - 1)
            slots[--count] = streams[i].first_slot + (uint32_t)__builtin_ctzll(bits);
}

static void shuffle(struct random *random, uint32_t *slots, unsigned count)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned other = below(random, i);
        uint32_t slot = slots[other];
        slots[other] = slots[i - 1];
        slots[i - 1] = slot;
    }
}

/* A small heap's few runs are in the caches anyway: any order will do, so it is the least predictable. */
static void order(struct random *random, struct stream *streams, unsigned live, uint32_t *slots,
                  unsigned count)
{
    bool randomize = constants.features & FEATURES_COMPILED & COMPATMALLOC_SLOT_RANDOMIZATION;
    if (randomize && live > STREAMS_LEAST) {
        if (constants.settings.profile == PROFILE_STRICT)
            merge(random, streams, live, slots, count, CHOICES_IF_STRICT);
        else
            merge(random, streams, live, slots, count, 1);
        return;
    }
    line_up(streams, live, slots, count);
    if (randomize)
        shuffle(random, slots, count);
}

/* Take up to `most` of the run's free slots, the lowest. They are in no place until the caller has put them
 * into one. */
static unsigned run_take(struct heap *heap, struct run *run, unsigned most, struct stream *stream)
{
    trim_run_in_use(heap, run);
    uint64_t rest = run->free;
    unsigned taken = 0;
    for (; taken < most && rest != 0; taken++)
        rest &= rest - 1;
    stream->first_slot = run->first_slot;
    stream->bits = run->free & ~rest;
    run->free = rest;
    signal_fence();
    return taken;
}

static bool run_is_sound(const struct run *run, unsigned c)
{
    return run->class == c && run->slots <= RUN_SLOTS && (run->free & ~run_all(run)) == 0 &&
           slot_exists(&constants.classes[c], run->first_slot) &&
           slot_run(&constants.classes[c], run->first_slot) == run;
}

/* Whether the run's memory is there. Once there is no more address space, no more is asked for. */
static bool is_present(struct run *run, struct heap *heap, bool *exhausted)
{
    if (likely(!run->absent))
        return true;
    *exhausted = *exhausted || !region_restore(run, heap);
    return !*exhausted;
}

/* From the oldest runs of the heap's list. */
static unsigned gather(struct heap *heap, unsigned c, unsigned wanted, uint32_t *slots)
{
    struct stream streams[STREAMS_MOST + MAGAZINE_MOST];
    unsigned live = 0, count = 0, mix = streams_wanted(c);
    unsigned each = (wanted + mix - 1) / mix;
    struct run_list *list = &heap->runs[c];
    struct run *before = NULL, *next;
    bool exhausted = false;
    for (struct run *run = list->oldest; run && count < wanted; run = next) {
        if (unlikely(!run_is_sound(run, c))) {
            misuse_metadata(&constants.classes[c], NULL, "a run", "malloc");
            list->oldest = NULL; /* nothing that it leads to can be trusted */
            break;
        }
        next = run->next;
        if (likely(is_present(run, heap, &exhausted))) {
            unsigned most = wanted - count < each ? wanted - count : each;
            unsigned taken = run_take(heap, run, most, &streams[live]);
            count += taken;
            live += taken != 0;
            if (run->free == 0) {
                run_list_remove(list, before, run);
                continue;
            }
        }
        before = run;
    }
    order(heap->random, streams, live, slots, count);
    return count;
}

/* Runs with free slots of a heap that serves no thread change hands. */
static void adopt_from_idle(struct heap *heap, unsigned c)
{
    struct heap *idle = heap_borrow_idle(c);
    if (!idle)
        return;
    (void)inbox_take(idle);
    magazine_spill_all(idle, c);
    struct run *run;
    while ((run = idle->runs[c].oldest) != NULL) {
        run_list_remove(&idle->runs[c], NULL, run);
        atomic_store_explicit(&run->owner, heap->index, memory_order_release);
        run_list_append(&heap->runs[c], run);
        trim_run_moved(idle, heap, run);
    }
    heap_return_idle(idle);
}

/* Runs beyond the frontier, until there are as many as are to be mixed. */
static void grow(struct heap *heap, unsigned c)
{
    for (unsigned runs = streams_wanted(c); runs != 0; runs--) {
        struct run *run = region_next_run(c, heap);
        if (!run)
            break;
        run_list_append(&heap->runs[c], run);
    }
}

/*
 * They lie there nearly in the order in which they were freed. So a power of two of them is taken, in one of
 * the orders that stepping round it by odd numbers gives.
 */
static unsigned take_from_depot(struct heap *heap, unsigned c, unsigned wanted, uint32_t *slots)
{
    uint32_t taken[MAGAZINE_MOST];
    uint32_t count = depot_take(heap, c, wanted, taken);
    uint32_t step = 1, at = 0;
    if (constants.features & FEATURES_COMPILED & COMPATMALLOC_SLOT_RANDOMIZATION) {
        step = random_byte(heap->random) | 1u;
        at = random_byte(heap->random);
    }
    for (uint32_t i = 0; i < count; i++, at += step)
        slots[i] = taken[at & (count - 1)];
    return count;
}

unsigned magazine_refill(struct heap *heap, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t *slots = heap_magazine(heap, class);
    unsigned wanted =
        class->magazine_capacity - class->magazine_capacity / 4u; /* room for what is freed next */
    fork_check();
    (void)inbox_take(heap);
    unsigned count = take_from_depot(heap, c, wanted, slots);
    if (count == 0)
        count = gather(heap, c, wanted, slots);
    if (count == 0) {
        adopt_from_idle(heap, c);
        count = gather(heap, c, wanted, slots);
    }
    if (count == 0) {
        grow(heap, c);
        count = gather(heap, c, wanted, slots);
    }
    heap_look_at_limit(heap, c);
    signal_fence();
    heap->stock.counts[c] = count;
    return count;
}

static COLD void refuse(const struct size_class *class, uint32_t slot, const char *record)
{
    misuse_metadata(class, slot_address(class, slot), record, "free");
}

static ALWAYS_INLINE void take_back(struct heap *heap, const struct size_class *class, unsigned c,
                                    uint32_t slot)
{
    if (unlikely(!slot_exists_in(c, slot))) {
        refuse(class, slot, "a slot that is handed back");
        return;
    }
    struct run *run = slot_run(class, slot);
    uint32_t owner = atomic_load_explicit(&run->owner, memory_order_acquire);
    if (owner != heap->index && likely(owner < heap_count())) {
        outbox_add(heap, c, slot);
        return;
    }
    uint64_t bit = UINT64_C(1) << (slot - run->first_slot) % RUN_SLOTS, free = run->free;
    if (unlikely(owner != heap->index || (free & bit) != 0 || slot - run->first_slot >= run->slots)) {
        refuse(class, slot, "the run that a slot is handed back to");
        return;
    }
    run->free = free | bit;
    if (unlikely(!run->listed))
        run_list_append(&heap->runs[c], run);
    if (unlikely(run->counted == 0 && trim_is_worth_it(run)))
        trim_run_free(heap, run);
}

void run_take_back(struct heap *heap, unsigned c, uint32_t slot)
{
    take_back(heap, &constants.classes[c], c, slot);
}

/* What others allocated is not kept here: they would take new slots instead, and the depots of a thread that
 * only frees fill up for nothing. */
static bool is_own(const struct heap *heap, unsigned c, uint32_t slot)
{
    return slot_exists_in(c, slot) && run_is_owned(slot_run(&constants.classes[c], slot), heap->index);
}

static void spill(struct heap *heap, unsigned c, unsigned spilled, bool to_depot)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t *slots = heap_magazine(heap, class), *in_magazine = &heap->stock.counts[c], count = *in_magazine;
    if (unlikely(count > class->magazine_capacity)) {
        misuse_metadata(class, NULL, "the count of a magazine", "free");
        *in_magazine = 0;
        return;
    }
    uint32_t leaving[MAGAZINE_MOST];
    memcpy(leaving, slots, spilled * sizeof *slots);
    *in_magazine = 0; /* until each slot has one place again */
    signal_fence();
    memmove(slots, slots + spilled, (count - spilled) * sizeof *slots);
    signal_fence();
    *in_magazine = count - spilled;
    signal_fence();
    if (to_depot && is_own(heap, c, leaving[0]) && depot_put(heap, c, leaving, spilled))
        return;
    for (unsigned i = 0; i < spilled; i++)
        take_back(heap, class, c, leaving[i]);
}

void magazine_spill(struct heap *heap, unsigned c)
{
    fork_check();
    (void)inbox_take(heap);
    spill(heap, c, (heap->stock.counts[c] + 1) / 2, true);
}

void magazine_spill_all(struct heap *heap, unsigned c)
{
    spill(heap, c, heap->stock.counts[c], false);
    depot_spill_all(heap, c);
}
