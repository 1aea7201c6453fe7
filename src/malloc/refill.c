/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "refill.h"

#include <string.h>

#include "fork.h"
#include "heap.h"
#include "misuse.h"
#include "region.h"
#include "slot.h"
#include "trim.h"

/*
 * A refill mixes the slots of up to three runs: 192 candidates give a block's place 7.5 bits of entropy even
 * in a process that has just begun, and are still few pages. Classes whose three runs would be many pages
 * take fewer.
 */
#define MIX_RUNS  3u
#define MIX_BYTES (16 * KIB)
#define MIX_SLOTS (MIX_RUNS * RUN_SLOTS)

static unsigned runs_to_mix(const struct size_class *class)
{
    size_t run_bytes = (size_t) class->stride * RUN_SLOTS;
    unsigned runs = (unsigned)(MIX_BYTES / run_bytes);
    return runs < 1 ? 1 : runs > MIX_RUNS ? MIX_RUNS : runs;
}

static void shuffle(struct random *random, uint32_t *slots, unsigned count)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned value = random_byte(random) << 8 | random_byte(random);
        unsigned other = (value * i) >> 16;
        uint32_t slot = slots[other];
        slots[other] = slots[i - 1];
        slots[i - 1] = slot;
    }
}

static void reverse(uint32_t *slots, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        uint32_t slot = slots[i];
        slots[i] = slots[count - 1 - i];
        slots[count - 1 - i] = slot;
    }
}

/* Take every free slot of the run. */
static unsigned run_drain(struct heap *heap, struct run *run, uint32_t *slots)
{
    unsigned count = 0;
    uint64_t bits = run->free;
    if (bits == run_all(run))
        heap->free_run_bytes -=
            min_size(heap->free_run_bytes, (size_t)run->slots * constants.classes[run->class].stride);
    run->free = 0;
    for (; bits != 0; bits &= bits - 1)
        slots[count++] = run->first_slot + (uint32_t)__builtin_ctzll(bits);
    return count;
}

static bool run_is_sound(const struct run *run, unsigned c)
{
    return run->class == c && run->slots <= RUN_SLOTS && (run->free & ~run_all(run)) == 0 &&
           slot_exists(&constants.classes[c], run->first_slot) &&
           slot_run(&constants.classes[c], run->first_slot) == run;
}

/* From the heap's own list; at least one run, more until there are enough slots to mix. */
static unsigned gather_listed(struct heap *heap, unsigned c, uint32_t *slots, unsigned wanted)
{
    struct run_list *list = &heap->runs[c];
    unsigned count = 0, runs = 0, mix = runs_to_mix(&constants.classes[c]);
    while (list->oldest && count + RUN_SLOTS <= MIX_SLOTS && (count < wanted || runs < mix)) {
        struct run *run = list->oldest;
        if (unlikely(!run_is_sound(run, c))) {
            misuse_metadata(&constants.classes[c], NULL, "a run", "malloc");
            list->oldest = list->youngest = NULL; /* nothing that it leads to can be trusted */
            break;
        }
        if (unlikely(run->absent) && !region_restore(run, heap))
            break;
        run_list_remove(list, run);
        count += run_drain(heap, run, slots + count);
        runs++;
    }
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
        run_list_remove(&idle->runs[c], run);
        atomic_store_explicit(&run->owner, heap->index, memory_order_release);
        run_list_append(&heap->runs[c], run);
        if (run->free == run_all(run)) {
            size_t bytes = (size_t)run->slots * constants.classes[c].stride;
            idle->free_run_bytes -= min_size(idle->free_run_bytes, bytes);
            heap->free_run_bytes += bytes;
        }
    }
    heap_return_idle(idle);
}

static unsigned gather_new(struct heap *heap, unsigned c, uint32_t *slots)
{
    unsigned count = 0;
    for (unsigned runs = runs_to_mix(&constants.classes[c]); runs != 0; runs--) {
        struct run *run = region_next_run(c, heap);
        if (!run)
            break;
        count += run_drain(heap, run, slots + count);
    }
    return count;
}

static void put_back(struct heap *heap, unsigned c, const uint32_t *slots, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        run_take_back(heap, c, slots[i]);
}

unsigned magazine_refill(struct heap *heap, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t slots[MIX_SLOTS];

    fork_check();
    unsigned wanted = class->magazine_capacity / 2u + 1;
    (void)inbox_take(heap);
    unsigned count = gather_listed(heap, c, slots, wanted);
    if (count == 0) {
        adopt_from_idle(heap, c);
        count = gather_listed(heap, c, slots, wanted);
    }
    if (count == 0)
        count = gather_new(heap, c, slots);
    if (constants.features & COMPATMALLOC_SLOT_RANDOMIZATION)
        shuffle(heap->random, slots, count);
    unsigned taken = count < class->magazine_capacity ? count : class->magazine_capacity;
    if (!(constants.features & COMPATMALLOC_SLOT_RANDOMIZATION))
        reverse(slots, taken); /* popped from the end: lowest address first */
    memcpy(heap_magazine(heap, class), slots, taken * sizeof *slots);
    heap->count[c] = (uint16_t)taken;
    put_back(heap, c, slots + taken, count - taken);
    return taken;
}

void run_take_back(struct heap *heap, unsigned c, uint32_t slot)
{
    const struct size_class *class = &constants.classes[c];
    if (unlikely(!slot_exists(class, slot))) {
        misuse_metadata(class, slot_address(class, slot), "a slot that is handed back", "free");
        return;
    }
    struct run *run = slot_run(class, slot);
    uint32_t owner = atomic_load_explicit(&run->owner, memory_order_acquire);
    if (owner != heap->index && owner < heap_count()) {
        outbox_add(heap, c, slot);
        return;
    }
    uint64_t bit = UINT64_C(1) << (slot - run->first_slot) % RUN_SLOTS;
    if (unlikely(owner != heap->index || (run->free & bit) != 0 || slot - run->first_slot >= run->slots)) {
        misuse_metadata(class, slot_address(class, slot), "the run that a slot is handed back to", "free");
        return;
    }
    run->free |= bit;
    if (!run->listed)
        run_list_append(&heap->runs[c], run);
    if (run->free == run_all(run)) {
        heap->free_run_bytes += (size_t)run->slots * class->stride;
        trim_consider(heap);
    }
}

static void spill(struct heap *heap, unsigned c, unsigned spilled)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t *magazine = heap_magazine(heap, class);
    unsigned count = heap->count[c];
    if (unlikely(count > class->magazine_capacity)) {
        misuse_metadata(class, NULL, "the count of a magazine", "free");
        heap->count[c] = 0;
        return;
    }
    for (unsigned i = 0; i < spilled; i++)
        run_take_back(heap, c, magazine[i]);
    memmove(magazine, magazine + spilled, (count - spilled) * sizeof *magazine);
    heap->count[c] = (uint16_t)(count - spilled);
}

void magazine_spill(struct heap *heap, unsigned c)
{
    fork_check();
    (void)inbox_take(heap);
    spill(heap, c, (heap->count[c] + 1u) / 2);
}

void magazine_spill_all(struct heap *heap, unsigned c)
{
    spill(heap, c, heap->count[c]);
}

void quarantine_spill_all(struct heap *heap, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    if (!(constants.features & COMPATMALLOC_QUARANTINE))
        return;
    uint32_t *slots = heap_ring(heap, class);
    for (unsigned i = 0; i < class->ring_mask + 1u + class->mix_mask + 1u; i++)
        if (slots[i] != 0) {
            uint32_t slot = slots[i];
            slots[i] = 0;
            run_take_back(heap, c, slot);
        }
}
