/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "trim.h"

#include <malloc.h>

#include "fill.h"
#include "fork.h"
#include "fresh.h"
#include "heap.h"
#include "large.h"
#include "refill.h"
#include "region.h"
#include "slot.h"
#include "start.h"

/* Free runs are kept up to this much and an eighth of the heap: giving back and faulting in again costs more
 * than that. */
#define KEPT_LEAST (16 * MIB)
#define KEPT_SHIFT 3

/* Whether every slot that touches the page may be given back, and some slot has anything to give. */
static bool page_is_free(const struct heap *heap, unsigned c, size_t offset)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t last = slot_of_offset(class, offset + constants.page_size - 1);
    bool used = false;
    for (uint32_t slot = slot_of_offset(class, offset); slot <= last; slot++) {
        if (!slot_extent(class, slot))
            return false;
        const struct run *run = slot_run(class, slot);
        if (!run->active || run->absent ||
            atomic_load_explicit(&run->owner, memory_order_relaxed) != heap->index)
            return false;
        uint64_t bit = UINT64_C(1) << (slot - run->first_slot);
        if (run->unusable & bit)
            continue;
        if (!(run->free & bit))
            return false;
        used |= state_load(slot_state(class, slot)) == STATE_FREED;
    }
    return used;
}

/* The pages of [from, to) are gone: slots on them must read as zero where they reach beyond, too. */
static void mark_purged(unsigned c, size_t from, size_t to, state_word state)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t last = slot_of_offset(class, to - 1);
    for (uint32_t slot = slot_of_offset(class, from); slot <= last; slot++) {
        state_word *word = slot_state(class, slot);
        if (state_load(word) != STATE_FREED)
            continue;
        size_t start = (size_t)slot * class->stride, end = start + class->usable;
        if (start < from)
            fill_zero(class->base + start, from - start);
        if (end > to)
            fill_zero(class->base + to, end - to);
        state_store(word, state);
    }
}

static size_t give_back(unsigned c, size_t from, size_t to)
{
    if (from >= to)
        return 0;
    state_word state = fresh_purge(&constants.classes[c], constants.classes[c].base + from, to - from);
    if (state == STATE_FREED)
        return 0;
    mark_purged(c, from, to, state);
    return to - from;
}

/* The pages that a wholly free run touches, given back in stretches as long as possible. */
static size_t trim_run(struct heap *heap, const struct run *run)
{
    const struct size_class *class = &constants.classes[run->class];
    size_t page = constants.page_size, given = 0;
    size_t start = round_down((size_t)run->first_slot * class->stride, page);
    size_t end = round_up(((size_t)run->first_slot + run->slots) * class->stride, page);
    size_t from = start;
    for (size_t at = start; at < end; at += page)
        if (!page_is_free(heap, run->class, at)) {
            given += give_back(run->class, from, at);
            from = at + page;
        }
    return given + give_back(run->class, from, end);
}

size_t trim_heap(struct heap *heap)
{
    size_t given = 0;
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        for (struct run *run = heap->runs[c].oldest; run; run = run->next)
            if (run->free == run_all(run) && !run->absent)
                given += trim_run(heap, run);
    heap->free_run_bytes = 0;
    return given;
}

static size_t heap_mapped(void)
{
    size_t bytes = 0;
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        bytes += region_mapped(c);
    return bytes;
}

void trim_consider(struct heap *heap)
{
    if (likely(heap->free_run_bytes <= KEPT_LEAST))
        return;
    if (heap->free_run_bytes > max_size(KEPT_LEAST, heap_mapped() >> KEPT_SHIFT))
        (void)trim_heap(heap);
}

enum thoroughness {
    PAGES,
    ADDRESS_SPACE_TOO
};

static size_t trim_fully(struct heap *heap, enum thoroughness thoroughness)
{
    size_t given = 0;
    (void)inbox_take(heap);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        magazine_spill_all(heap, c);
        if (thoroughness == ADDRESS_SPACE_TOO) {
            quarantine_spill_all(heap, c);
            given += region_release(c, heap);
        }
    }
    outbox_deliver(heap);
    return given + trim_heap(heap);
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
    if (heap_current)
        given += trim_fully(heap_current, thoroughness);
    return large_trim(thoroughness == ADDRESS_SPACE_TOO) || given != 0;
}

bool trim_everything(void)
{
    return trim(PAGES);
}

bool trim_emergency(void)
{
    return trim(ADDRESS_SPACE_TOO);
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
    return trim_everything();
}
