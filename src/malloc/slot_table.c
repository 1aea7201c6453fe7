/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "slot_table.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "constants.h"
#include "map.h"
#include "random.h"
#include "slot.h"

/* Slots by which a table grows: as many as there are, so that it does so rarely, but no more than this. */
#define GROWTH_MOST (1u << 20)

uint32_t slot_table_limits[CLASS_COUNT];

/* What somebody has begun to map may be there without being counted: he was interrupted for good, or is still
 * at it. */
static _Atomic(uint32_t) begun[CLASS_COUNT];
static _Atomic(size_t) mapped;

static size_t state_bytes(uint64_t slots)
{
    return slots * sizeof(state_word);
}

static size_t run_bytes(const struct size_class *class, uint64_t slots)
{
    return (slots >> class_run_shift(class)) * sizeof(struct run);
}

/* With which both tables are whole pages. */
static uint32_t unit(void)
{
    return (uint32_t)max_size(constants.page_size, 4 * KIB);
}

size_t slot_table_first_bytes(void)
{
    size_t bytes = 0;
    for (unsigned c = 0; c < CLASS_COUNT; c++)
        bytes += run_bytes(&constants.classes[c], SLOT_TABLE_FIRST) + state_bytes(SLOT_TABLE_FIRST);
    return bytes;
}

void slot_table_start(struct random *random, char *first, uintptr_t address)
{
    size_t spacing = slot_table_spacing(constants.zone_shift);
    for (unsigned c = 0; c < CLASS_COUNT; c++, address += spacing) {
        struct size_class *class = &constants.classes[c];
        uint64_t slots = round_up(class->slots, unit());
        size_t runs = round_up(run_bytes(class, slots), constants.page_size);
        size_t room = spacing - runs - state_bytes(slots);
        class->rest =
            (state_word *)(address + runs + round_down(random_word(random) % room, constants.page_size));
        first += run_bytes(class, SLOT_TABLE_FIRST);
        class->first = (state_word *)(void *)first;
        first += state_bytes(SLOT_TABLE_FIRST);
        slot_table_limits[c] = SLOT_TABLE_FIRST;
        atomic_init(&begun[c], SLOT_TABLE_FIRST);
    }
}

/* The same for whoever comes to do it. */
static uint32_t next_limit(uint32_t limit)
{
    if (limit < unit())
        return unit();
    return limit + (limit < GROWTH_MOST ? limit : GROWTH_MOST);
}

/* Set in begun[] once others than the one who began may have mapped something of it, or it is counted. So the
 * one who began is alone as long as he finds there what he wrote, and never again after that. */
#define JOINED 1u
/* He was alone, and gives back what he has mapped: nobody may join or begin anew. */
#define CLOSING 2u

/* False if somebody has joined. */
static bool leave_alone(unsigned c, uint32_t next, uint32_t value)
{
    return atomic_compare_exchange_strong(&begun[c], &next, value);
}

/* What is there already is ours, but for who is alone. */
static bool map_part(unsigned c, uint32_t next, char *from, size_t bytes)
{
    return map_at(from, bytes, PROT_READ | PROT_WRITE) ||
           (map_was_occupied() && atomic_load(&begun[c]) != next);
}

/* What is mapped so far begins at slot 0 once there is any. If not all can be had, what others may count on
 * by now stays there for whoever tries it next. */
static bool map_more(unsigned c, uint32_t limit, uint32_t next)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t from = limit == SLOT_TABLE_FIRST ? 0 : limit;
    size_t states = state_bytes(next - from), runs = run_bytes(class, next - from);
    char *states_from = (char *)(class->rest + from);
    if (!map_part(c, next, states_from, states)) {
        (void)leave_alone(c, next, limit | JOINED);
        return false;
    }
    if (map_part(c, next, (char *)class->rest - run_bytes(class, next), runs))
        return true;
    if (leave_alone(c, next, next | CLOSING)) {
        bool gone = map_release(states_from, states);
        atomic_store(&begun[c], (gone ? limit : next) | JOINED);
    }
    return false;
}

/* In step with whoever comes to do the same (tests/models/growth.pml). */
bool slot_table_extend(unsigned c, uint64_t slots)
{
    uint32_t *limits = &slot_table_limits[c], limit;
    while (slots > (limit = __atomic_load_n(limits, __ATOMIC_ACQUIRE))) {
        const struct size_class *class = &constants.classes[c];
        uint32_t next = next_limit(limit), known = atomic_load(&begun[c]);
        if (known & CLOSING)
            return false;
        if (!atomic_compare_exchange_strong(&begun[c], &known, known < next ? next : known | JOINED))
            continue; /* somebody else has just begun, or joined */
        if (!map_more(c, limit, next))
            return false;
        /* Release: who sees the limit finds zeroed state words below it. */
        uint32_t seen = limit;
        if (__atomic_compare_exchange_n(limits, &seen, next, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
            atomic_fetch_add_explicit(&mapped, state_bytes(next - limit) + run_bytes(class, next - limit),
                                      memory_order_relaxed);
    }
    return true;
}

size_t slot_table_mapped(void)
{
    return atomic_load_explicit(&mapped, memory_order_relaxed);
}
