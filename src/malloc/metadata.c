/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "metadata.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "constants.h"
#include "guard.h"
#include "map.h"
#include "slot_table.h"
#include "turn.h"

#define GROWTH       (4 * MIB)
#define GROWTH_LEAST (128 * KIB)
#define WIPED_GROWTH (64 * KIB)

/* Where something else is in the way, the range goes on at the next multiple of this. */
#define STRIDE (64 * MIB)

/* Places in it are kept in 32 bits, in units of METADATA_UNIT (inbox.c). */
#define LIMIT (128 * GIB)

/* Whoever is interrupted for good between any two steps leaves pieces unused, never in use twice. */
struct arena {
    char *base;
    _Atomic(size_t) used;
    _Atomic(size_t) mapped; /* what is between the two is accessible */
};

static struct turn turn; /* to extend the range */
static struct arena plain;
static _Atomic(struct arena *) wiped; /* the newest; what fits there no more goes to another one */
static _Atomic(size_t) wiped_mapped;
static _Atomic(uint32_t) *mark; /* in a wiped arena; NULL: there is nothing yet that could be wiped */

static void set_mark(void)
{
    if (mark)
        atomic_store_explicit(mark, 1, memory_order_relaxed);
}

static char *arena_take(struct arena *arena, size_t bytes, size_t alignment)
{
    size_t used = atomic_load_explicit(&arena->used, memory_order_acquire), at;
    do {
        at = round_up(used, alignment);
        if (at + bytes > atomic_load_explicit(&arena->mapped, memory_order_acquire))
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&arena->used, &used, at + bytes, memory_order_acq_rel,
                                                    memory_order_acquire));
    return arena->base + at;
}

/* Map so much more behind what is mapped. False if the kernel refuses. */
static bool arena_map(struct arena *arena, size_t from, size_t bytes)
{
    bytes = round_up(bytes, constants.page_size);
    if (from + bytes > LIMIT || !map_at(arena->base + from, bytes, PROT_READ | PROT_WRITE))
        return false;
    if (!atomic_compare_exchange_strong(&arena->mapped, &from, from + bytes))
        map_release(arena->base + from, bytes); /* it went on elsewhere meanwhile */
    return true;
}

/* Go on behind what is in the way. In this order, what lies between is never taken for part of the arena. */
static bool arena_skip(struct arena *arena, size_t from)
{
    size_t next = round_up(from + 1, STRIDE), used = atomic_load(&arena->used);
    if (!map_was_occupied() || next > LIMIT)
        return false;
    while (used < next && !atomic_compare_exchange_weak(&arena->used, &used, next))
        continue;
    (void)atomic_compare_exchange_strong(&arena->mapped, &from, next);
    return true;
}

/* The range behind the arena is not mapped, which guards it; nothing else comes there by itself. */
static bool arena_extend(struct arena *arena, size_t bytes)
{
    turn_take(&turn);
    size_t used = atomic_load(&arena->used), from = atomic_load(&arena->mapped);
    size_t missing = used + bytes > from ? used + bytes - from : 0;
    bool done = missing == 0 || arena_map(arena, from, max_size(missing, GROWTH)) ||
                arena_map(arena, from, max_size(missing, GROWTH_LEAST)) || arena_skip(arena, from);
    turn_give_back(&turn);
    return done;
}

static struct arena *wiped_new(char *range, size_t bytes)
{
    struct arena *arena = metadata_allocate(sizeof *arena, sizeof(size_t));
    if (!arena)
        return NULL;
    size_t page = constants.page_size;
    (void)madvise(range, bytes, MADV_WIPEONFORK);
    (void)guard_install(range, page);
    (void)guard_install(range + bytes - page, page);
    arena->base = range + page;
    atomic_init(&arena->mapped, bytes - 2 * page);
    return arena;
}

/* Pieces never move and are found by pointer, so a new range serves as well as a longer one. */
static bool wiped_renew(struct arena *old)
{
    size_t page = constants.page_size, bytes = max_size(WIPED_GROWTH, page) + 2 * page;
    char *range = map_anywhere(bytes, PROT_READ | PROT_WRITE);
    if (!range)
        return false;
    struct arena *arena = wiped_new(range, bytes);
    if (arena && atomic_compare_exchange_strong(&wiped, &old, arena)) {
        atomic_fetch_add(&wiped_mapped, bytes);
        return true;
    }
    map_release(range, bytes);
    return arena != NULL; /* another thread was first */
}

char *metadata_start(uintptr_t address, size_t initial)
{
    size_t page = constants.page_size;
    plain = (struct arena){.base = (char *)address};
    if (!arena_map(&plain, 0, page + initial))
        return NULL;
    (void)guard_install(plain.base, page);
    atomic_store(&plain.used, page);
    if (!wiped_renew(NULL)) {
        map_release(plain.base, atomic_load(&plain.mapped));
        return NULL;
    }
    mark = metadata_allocate_wiped(64, 64);
    set_mark();
    return plain.base;
}

bool metadata_was_occupied(void)
{
    return map_was_occupied();
}

void *metadata_allocate(size_t bytes, size_t alignment)
{
    char *result;
    while ((result = arena_take(&plain, bytes, alignment)) == NULL)
        if (!arena_extend(&plain, bytes + alignment))
            break;
    return result;
}

void *metadata_allocate_wiped(size_t bytes, size_t alignment)
{
    for (;;) {
        struct arena *arena = atomic_load(&wiped);
        char *result = arena_take(arena, bytes, alignment);
        if (result || !wiped_renew(arena))
            return result;
    }
}

size_t metadata_mapped(void)
{
    return slot_table_mapped() + atomic_load(&plain.mapped) + atomic_load(&wiped_mapped);
}

bool metadata_was_wiped(void)
{
    return mark && atomic_load_explicit(mark, memory_order_relaxed) == 0;
}

void metadata_fork_child(void)
{
    turn_reset(&turn);
    set_mark();
}
