/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quarantine.h"

#include <string.h>

#include "constants.h"
#include "misuse.h"
#include "refill.h"

static uint32_t *mix_of(struct heap *heap, const struct size_class *class)
{
    return quarantine_fifo(heap, class) + class->fifo;
}

/* By vectors where that is possible; and else not by a call, for a few words. */
static ALWAYS_INLINE void copy(uint32_t *to, const uint32_t *from, unsigned batch)
{
    if (likely(batch == BATCH_MOST))
        memcpy(to, from, BATCH_MOST * sizeof *to);
    else
        for (unsigned i = 0; i < batch; i++) {
            to[i] = from[i];
            HOLD(i);
        }
}

/* The batch below the one that is full is the oldest. Its slots leave before they enter another place: who is
 * interrupted for good in between loses them. */
static void take_oldest(struct heap *heap, const struct size_class *class, uint32_t *leaving)
{
    uint32_t *filled = &heap->stock.filled[class_index(class)];
    unsigned batch = class->batch, full = *filled;
    unsigned first = (full == 0 ? class->fifo : full) - BATCH_MOST;
    copy(leaving, quarantine_fifo(heap, class) + first, batch);
    signal_fence();
    *filled = first + batch;
    signal_fence();
}

/* Each takes the place of a random slot in the mix, which goes on to the magazine's top. At first there is
 * none, and 0 stands for it. Returns how many the magazine has then. */
static ALWAYS_INLINE size_t exchange(uint32_t *mix, uint32_t mask, const uint32_t *leaving,
                                     const uint8_t *bytes, unsigned batch, uint32_t *top, size_t count)
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < batch; i++) {
        uint32_t place = bytes[i];
        HOLD(place);
        place &= mask;
        uint32_t chosen = mix[place];
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): copy() has filled as many */
        mix[place] = leaving[i];
        top[count] = chosen;
        count += chosen != 0;
    }
    return count;
}

static void pass_through_mix(struct heap *heap, const struct size_class *class, const uint32_t *leaving)
{
    const uint8_t *bytes = random_bytes(heap->random, class->batch);
    uint32_t *mix = mix_of(heap, class), *top = heap_magazine(heap, class);
    size_t count = heap->stock.counts[class_index(class)];
    if (likely(class->batch == BATCH_MOST))
        count = exchange(mix, class->mix_mask, leaving, bytes, BATCH_MOST, top, count);
    else
        count = exchange(mix, class->mix_mask, leaving, bytes, class->batch, top, count);
    signal_fence();
    heap->stock.counts[class_index(class)] = (uint32_t)count;
}

void quarantine_pass_on(struct heap *heap, const struct size_class *class)
{
    unsigned c = class_index(class);
    uint32_t leaving[BATCH_MOST];
    if (unlikely(heap->stock.filled[c] % BATCH_MOST != 0 || heap->stock.filled[c] >= class->fifo)) {
        misuse_metadata(class, NULL, "the count of a quarantine", "free");
        memset(quarantine_fifo(heap, class), 0, class->fifo * sizeof(uint32_t));
        heap->stock.filled[c] = 0;
    }
    take_oldest(heap, class, leaving);
    if (unlikely(heap->stock.counts[c] + class->batch > class->magazine_capacity))
        magazine_spill(heap, c);
    pass_through_mix(heap, class, leaving);
}

NOINLINE void quarantine_pass_on_own(const struct size_class *class)
{
    quarantine_pass_on(heap_or_none(), class);
}

/* --- all of it */

/* A part of it in which each place has a slot or 0. */
struct part {
    uint32_t *slots;
    unsigned count;
};

#define PARTS 3u

/* What was passed on last still stands in the FIFO, and is of no more meaning. */
static void parts_of(struct heap *heap, const struct size_class *class, struct part parts[PARTS])
{
    uint32_t *fifo = quarantine_fifo(heap, class);
    unsigned filled = (unsigned)min_size(heap->stock.filled[class_index(class)], class->fifo);
    unsigned first = filled == 0 ? 0 : (filled - 1) / BATCH_MOST * BATCH_MOST;
    parts[0] = (struct part){fifo, first};
    parts[1] = (struct part){fifo + filled, class->fifo - filled};
    parts[2] = (struct part){mix_of(heap, class), class->mix_mask + 1u};
}

static void spill(struct heap *heap, unsigned c, struct part part)
{
    for (unsigned i = 0; i < part.count; i++)
        if (part.slots[i] != 0) {
            uint32_t slot = part.slots[i];
            part.slots[i] = 0;
            signal_fence();
            run_take_back(heap, c, slot);
        }
}

void quarantine_spill_all(struct heap *heap, unsigned c)
{
    struct part parts[PARTS];
    if (!(constants.features & COMPATMALLOC_QUARANTINE))
        return;
    parts_of(heap, &constants.classes[c], parts);
    for (unsigned i = 0; i < PARTS; i++)
        spill(heap, c, parts[i]);
}

void quarantine_for_each(struct heap *heap, unsigned c, void (*look)(void *data, unsigned c, uint32_t slot),
                         void *data)
{
    struct part parts[PARTS];
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE))
        return;
    parts_of(heap, &constants.classes[c], parts);
    for (unsigned p = 0; p < PARTS; p++)
        for (unsigned i = 0; i < parts[p].count; i++)
            if (parts[p].slots[i] != 0)
                look(data, c, parts[p].slots[i]);
}
