/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quarantine.h"

#include <string.h>

#include "constants.h"
#include "misuse.h"
#include "refill.h"

static unsigned fifo_places(const struct size_class *class)
{
    return (unsigned)class->batch * class->batches;
}

static uint32_t *oldest_of(struct heap *heap, const struct size_class *class)
{
    return quarantine_front(heap, class) + BATCH_MOST;
}

static uint32_t *fifo_of(struct heap *heap, const struct size_class *class)
{
    return oldest_of(heap, class) + 1;
}

static uint32_t *mix_of(struct heap *heap, const struct size_class *class)
{
    return fifo_of(heap, class) + fifo_places(class);
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

/* What the front holds becomes the FIFO's youngest batch, in the place of the oldest. Each slot leaves one
 * place before it enters another. */
static void advance(struct heap *heap, const struct size_class *class, uint32_t *leaving)
{
    unsigned batch = class->batch, at = *oldest_of(heap, class) & (class->batches - 1u);
    uint32_t *oldest = fifo_of(heap, class) + (size_t)at * batch;
    uint32_t entering[BATCH_MOST];
    copy(entering, quarantine_front(heap, class), batch);
    copy(leaving, oldest, batch);
    heap->stock.rooms[class_index(class)] = batch;
    signal_fence();
    copy(oldest, entering, batch);
    signal_fence();
    *oldest_of(heap, class) = at + 1;
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
    if (unlikely(heap->stock.rooms[c] != 0)) {
        misuse_metadata(class, NULL, "the count of a quarantine", "free");
        memset(quarantine_front(heap, class), 0, class->batch * sizeof(uint32_t));
    }
    advance(heap, class, leaving);
    if (unlikely(heap->stock.counts[c] + class->batch > class->magazine_capacity))
        magazine_spill(heap, c);
    pass_through_mix(heap, class, leaving);
}

NOINLINE void quarantine_pass_on_own(const struct size_class *class)
{
    quarantine_pass_on(heap_or_none(), class);
}

/* --- all of it */

static void spill(struct heap *heap, unsigned c, uint32_t *slots, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (slots[i] != 0) {
            uint32_t slot = slots[i];
            slots[i] = 0;
            signal_fence();
            run_take_back(heap, c, slot);
        }
}

/* What is left in the room is of no more meaning. */
static unsigned room_of(const struct heap *heap, unsigned c)
{
    unsigned room = heap->stock.rooms[c], batch = constants.classes[c].batch;
    return room <= batch ? room : batch;
}

void quarantine_spill_all(struct heap *heap, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    if (!(constants.features & COMPATMALLOC_QUARANTINE))
        return;
    unsigned room = room_of(heap, c);
    spill(heap, c, quarantine_front(heap, class) + room, class->batch - room);
    spill(heap, c, fifo_of(heap, class), fifo_places(class));
    spill(heap, c, mix_of(heap, class), class->mix_mask + 1u);
}

static void look_at(const uint32_t *slots, unsigned count, unsigned c,
                    void (*look)(void *data, unsigned c, uint32_t slot), void *data)
{
    for (unsigned i = 0; i < count; i++)
        if (slots[i] != 0)
            look(data, c, slots[i]);
}

void quarantine_for_each(struct heap *heap, unsigned c, void (*look)(void *data, unsigned c, uint32_t slot),
                         void *data)
{
    const struct size_class *class = &constants.classes[c];
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE))
        return;
    unsigned room = room_of(heap, c);
    look_at(quarantine_front(heap, class) + room, class->batch - room, c, look, data);
    look_at(fifo_of(heap, class), fifo_places(class), c, look, data);
    look_at(mix_of(heap, class), class->mix_mask + 1u, c, look, data);
}
