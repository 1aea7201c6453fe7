/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "extent_table.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "constants.h"
#include "map.h"
#include "slot.h"

#define GROWTH (64 * KIB)

/* Less than this is no help. */
#define RELEASED_LEAST MIB

/* What is not in use can be read, or is just being unmapped, or is not mapped. Whoever is interrupted for
 * good while he unmaps leaves it so: the table does not grow any more. */
enum phase {
    READABLE,
    GOING,
    GONE,
    PHASE_MASK = 3
};

static char *table, *table_end;
static _Atomic(uintptr_t) open_from; /* in use from here on, which is a page; and the phase */

static enum phase phase_of(uintptr_t open)
{
    return (enum phase)(open & PHASE_MASK);
}

static char *in_use_from(uintptr_t open)
{
    return (char *)(open - phase_of(open));
}

bool extent_table_start(char *from, char *to)
{
    table = from;
    table_end = to;
    char *open = (size_t)(to - from) > GROWTH ? to - GROWTH : from;
    atomic_store(&open_from, (uintptr_t)open | READABLE);
    return map_protect(open, (size_t)(to - open), PROT_READ | PROT_WRITE);
}

/* Two threads may well do the same, or the one a part of what the other does. */
static bool make_writable(char *from, size_t bytes, enum phase phase)
{
    if (phase == GOING)
        return false;
    if (phase == GONE && map_at(from, bytes, PROT_READ | PROT_WRITE))
        return true;
    return map_protect(from, bytes, PROT_READ | PROT_WRITE);
}

bool extent_table_open(const void *entry)
{
    uintptr_t next_row = (uintptr_t)entry - (sizeof(uintptr_t) << EXTENT_ROW_SHIFT);
    char *from = (char *)round_down(next_row, max_size(GROWTH, constants.page_size));
    uintptr_t open = atomic_load(&open_from);
    if (from < table)
        from = table;
    while (from < in_use_from(open)) {
        if (!make_writable(from, (size_t)(in_use_from(open) - from), phase_of(open)))
            return false;
        if (atomic_compare_exchange_weak(&open_from, &open, (uintptr_t)from | phase_of(open)))
            break;
    }
    return true;
}

size_t extent_table_in_use(void)
{
    return (size_t)(table_end - in_use_from(atomic_load(&open_from)));
}

/* What there is to release while the table is in use from there on. */
static size_t unused_before(uintptr_t open)
{
    size_t bytes = (size_t)(in_use_from(open) - table);
    return phase_of(open) == READABLE && bytes >= RELEASED_LEAST ? bytes : 0;
}

size_t extent_table_unused(void)
{
    return unused_before(atomic_load(&open_from));
}

size_t extent_table_release(void)
{
    uintptr_t open = atomic_load(&open_from);
    size_t bytes = unused_before(open);
    if (bytes == 0 || !atomic_compare_exchange_strong(&open_from, &open, open + GOING))
        return 0;
    map_release(table, bytes);
    atomic_store(&open_from, open + GONE);
    return bytes;
}

/* Whoever was unmapping is not here. */
void extent_table_fork_child(void)
{
    uintptr_t open = atomic_load(&open_from);
    if (phase_of(open) != GOING)
        return;
    map_release(table, (size_t)(in_use_from(open) - table));
    atomic_store(&open_from, open - GOING + GONE);
}
