/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "metadata.h"

#include <sys/mman.h>

#include "constants.h"
#include "guard.h"
#include "lock.h"
#include "map.h"

#define GROWTH       (4 * MIB)
#define GROWTH_LEAST (128 * KIB)
#define WIPED_GROWTH (64 * KIB)
#define TABLE_GROWTH (64 * KIB)

struct arena {
    char *base;
    size_t used;
    size_t mapped;
};

static struct lock lock;
static struct arena plain;
static struct arena wiped;
static char *table, *table_open; /* the table of extents; what is writable of it, up to plain.base */
static _Atomic(uint32_t) *mark;  /* in the wiped range */

static void set_mark(void)
{
    atomic_store_explicit(mark, 1, memory_order_relaxed);
}

/* The page behind the arena is always a guard, which a longer arena takes over. */
static bool grow(struct arena *arena, size_t bytes)
{
    size_t page = constants.page_size;
    bytes = round_up(bytes, page);
    if (!map_at(arena->base + arena->mapped + page, bytes, PROT_READ | PROT_WRITE))
        return false;
    if (!guard_remove(arena->base + arena->mapped, page)) {
        map_release(arena->base + arena->mapped + page, bytes);
        return false;
    }
    arena->mapped += bytes;
    (void)guard_install(arena->base + arena->mapped, page);
    return true;
}

static void *take(struct arena *arena, size_t bytes, size_t alignment, size_t growth, size_t growth_least)
{
    size_t start = round_up(arena->used, alignment);
    size_t missing = start + bytes > arena->mapped ? start + bytes - arena->mapped : 0;
    if (missing != 0 && !grow(arena, max_size(missing, growth)) &&
        !grow(arena, max_size(missing, growth_least)))
        return NULL;
    arena->used = start + bytes;
    return arena->base + start;
}

static bool table_protect(char *from, char *to)
{
    return map_protect(from, (size_t)(to - from), PROT_READ | PROT_WRITE);
}

/* Pieces never move and are found by pointer, so a new range serves as well as a longer one. */
static bool wiped_renew(void)
{
    size_t page = constants.page_size, bytes = max_size(WIPED_GROWTH, page);
    char *range = map_anywhere(bytes + 2 * page, PROT_READ | PROT_WRITE);
    if (!range)
        return false;
    (void)madvise(range, bytes + 2 * page, MADV_WIPEONFORK);
    (void)guard_install(range, page);
    (void)guard_install(range + page + bytes, page);
    wiped = (struct arena){.base = range + page, .mapped = bytes};
    return true;
}

char *metadata_start(uintptr_t address, size_t table_bytes, size_t null_extent, size_t initial)
{
    size_t page = constants.page_size;
    plain = (struct arena){.base = (char *)address};
    table = plain.base - round_up(table_bytes, page);
    table_open = plain.base - round_up(TABLE_GROWTH, page);
    char *origin = table - round_up(null_extent, page);
    size_t below = (size_t)(plain.base - origin);
    if (!map_at(origin, below, PROT_READ))
        return NULL;
    if (!map_at(plain.base, page, PROT_READ | PROT_WRITE) || !grow(&plain, initial) ||
        !table_protect(table_open, plain.base)) {
        map_release(origin, below + plain.mapped + page);
        return NULL;
    }
    (void)guard_install(plain.base, page);
    plain.used = page;
    if (!wiped_renew())
        return NULL;
    mark = metadata_allocate_wiped(64, 64);
    set_mark();
    return origin;
}

bool metadata_table_open(const void *entry)
{
    bool done = true;
    lock_acquire(&lock);
    if ((const char *)entry < table_open) {
        char *from = (char *)round_down((uintptr_t)entry, max_size(TABLE_GROWTH, constants.page_size));
        if (from < table)
            from = table;
        done = table_protect(from, table_open);
        if (done)
            table_open = from;
    }
    lock_release(&lock);
    return done;
}

bool metadata_was_occupied(void)
{
    return map_was_occupied();
}

void *metadata_allocate(size_t bytes, size_t alignment)
{
    lock_acquire(&lock);
    void *result = take(&plain, bytes, alignment, GROWTH, GROWTH_LEAST);
    lock_release(&lock);
    return result;
}

void *metadata_allocate_wiped(size_t bytes, size_t alignment)
{
    void *result = NULL;
    lock_acquire(&lock);
    size_t start = round_up(wiped.used, alignment);
    if (start + bytes > wiped.mapped && wiped_renew())
        start = 0;
    if (start + bytes <= wiped.mapped) {
        wiped.used = start + bytes;
        result = wiped.base + start;
    }
    lock_release(&lock);
    return result;
}

size_t metadata_mapped(void)
{
    return (size_t)(plain.base - table_open) + plain.mapped + wiped.mapped;
}

bool metadata_was_wiped(void)
{
    return atomic_load_explicit(mark, memory_order_relaxed) == 0;
}

void metadata_fork_prepare(void)
{
    lock_acquire(&lock);
}

void metadata_fork_parent(void)
{
    lock_release(&lock);
}

void metadata_fork_child(void)
{
    lock_reset(&lock);
    set_mark();
}
