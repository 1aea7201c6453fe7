/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large.h"

#include <string.h>

#include "canary.h"
#include "constants.h"
#include "large_cache.h"
#include "large_mapping.h"
#include "misuse.h"
#include "report.h"
#include "sites.h"
#include "turn.h"

#define FRONT_CANARY ((size_t)64)

/* How long the check of the heap may hold up whoever frees a block that is being looked at, in milliseconds.
 */
#define CHECK_PATIENCE 1000

/* --- canaries */

static bool has_canaries(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES;
}

static size_t large_slack(const struct large *large)
{
    return (size_t)(large->end - large->block) - large->size;
}

/* The gap between the guard page and a block that does not begin on a page: its last bytes hold a canary too.
 */
static size_t front_gap(const struct large *large)
{
    return min_size((uintptr_t)large->block % constants.page_size, FRONT_CANARY);
}

/* Where it stands, by writing first: to read an untouched page and then write it would be two faults. */
static void write_canary(char *slot, size_t usable, size_t slack)
{
    if (slack == 0)
        return;
    *(volatile char *)(slot + usable - 1) = 0;
    canary_write_long(slot, usable, slack, KIND_MALLOC);
}

static void write_canaries(const struct large *large)
{
    if (!has_canaries())
        return;
    write_canary(large->block, (size_t)(large->end - large->block), large_slack(large));
    size_t gap = front_gap(large);
    write_canary(large->block - gap, gap, gap);
}

static bool verify_overflow(const struct large *large, const char *operation)
{
    size_t usable = (size_t)(large->end - large->block), slack = large_slack(large), count;
    if (canary_intact_long(large->block, usable, slack, KIND_MALLOC))
        return true;
    size_t offset = canary_first_damage(large->block, usable, slack, &count);
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_OVERFLOW,
                            .operation = operation,
                            .address = large->block,
                            .requested_size = large->size,
                            .slot_size = usable,
                            .offset = offset,
                            .bytes = (const unsigned char *)large->block + large->size + offset,
                            .byte_count = count});
    return false;
}

static bool verify_underflow(const struct large *large, const char *operation)
{
    size_t gap = front_gap(large), count;
    const char *front = large->block - gap;
    if (canary_intact_long(front, gap, gap, KIND_MALLOC))
        return true;
    size_t first = canary_first_damage(front, gap, gap, &count);
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_UNDERFLOW,
                            .operation = operation,
                            .address = large->block,
                            .requested_size = large->size,
                            .slot_size = (size_t)(large->end - large->block),
                            .offset = gap - first,
                            .bytes = (const unsigned char *)front + first,
                            .byte_count = count});
    return false;
}

static bool verify_canaries(const struct large *large, const char *operation)
{
    return !has_canaries() || (verify_overflow(large, operation) && verify_underflow(large, operation));
}

/* --- allocating */

static bool find_space(size_t alignment, size_t size, struct large *large)
{
    if (large_cache_take(alignment, size, large)) {
        if (large_mapping_reuse(alignment, size, large))
            return true;
        large_mapping_release(large);
    }
    large_cache_make_way(size);
    return large_mapping_new(alignment, size, large);
}

void *large_allocate(size_t alignment, size_t size, enum allocation_kind kind)
{
    struct large large;
    size_t page = constants.page_size;
    if (size > SIZE_LIMIT - 4 * page || alignment > SIZE_LIMIT - 4 * page - size ||
        !find_space(alignment, size, &large))
        return NULL;
    large.size = size;
    large.kind = kind;
    bool done = large_mapping_open(&large);
    if (done) {
        write_canaries(&large);
        done = large_table_insert(&large, LARGE_LIVE);
    }
    if (!done) {
        large_mapping_release(&large);
        return NULL;
    }
    large_mapping_note_live(size, 0);
    if (constants.features & RECORD_CALLERS)
        sites_note_allocation(large.block);
    return large.block;
}

/* --- finding */

/* Both states of a live block are asked for, and it may change from one to the other meanwhile: several
 * times, but not for ever. */
static bool look_live(const char *block, struct large *large)
{
    for (int look = 0; look < 100; look++)
        if (large_table_look(block, LARGE_LIVE, large) || large_table_look(block, LARGE_CHECKED, large))
            return true;
    return false;
}

/* Take a live block out of its owner's hands. */
static bool claim(const char *block, struct large *large)
{
    for (int waited = 0; waited < CHECK_PATIENCE; waited++) {
        if (large_table_change(block, LARGE_LIVE, LARGE_CHANGING, large))
            return true;
        if (!look_live(block, large))
            return false;
        turn_pause();
    }
    return large_table_change(block, LARGE_CHECKED, LARGE_CHANGING, large);
}

/* --- freeing */

/* on-error = log: a damaged block is never used again. Its address space stays taken, without pages. */
static void retire(struct large *large)
{
    (void)large_mapping_blank(large);
    large_table_put_back(large, LARGE_FREED);
}

bool large_free(void *block, const char *operation, enum allocation_kind kind)
{
    struct large large, park;
    if (!claim(block, &large))
        return false;
    if (large.kind != kind)
        misuse_kind(block, large.size, large.kind, operation);
    large_mapping_note_live(0, large.size);
    if (large.damaged || !verify_canaries(&large, operation)) {
        retire(&large);
        return true;
    }

    if (constants.features & RECORD_CALLERS)
        sites_note_free(block);

    /* It faults on any access from here on. */
    if (large_mapping_close(&large, &park)) {
        large_table_put_back(&large, LARGE_FREED);
        large_cache_quarantine(&large);
    } else {
        large_table_remember(block);
        large_table_remove(&large);
        large_mapping_release(&large);
    }
    if (park.map)
        large_cache_park(&park);
    return true;
}

bool large_trim(bool quarantined)
{
    return large_cache_trim(quarantined);
}

/* --- resizing */

/* The pages of the block go to a larger piece of address space. */
static bool resize_by_moving(struct large *large, size_t size)
{
    struct large moved;
    if (!large_mapping_prepare_move(large, size, &moved))
        return false;
    /* Entered before the old pages go, so that nothing can fail after that. As soon as they have gone another
     * thread may have a block at that address: it has an entry of its own, and is not taken for one that is
     * CHANGING. */
    if (!large_table_insert(&moved, LARGE_CHANGING)) {
        large_mapping_release(&moved);
        return false;
    }
    if (!large_mapping_move(large, &moved)) {
        large_table_remove(&moved);
        return false;
    }
    large_table_remember(large->block);
    large_table_remove(large);
    *large = moved;
    return true;
}

bool large_resize(void *block, size_t size, void **result)
{
    struct large large;
    if (!claim(block, &large))
        return false;
    if (large.kind != KIND_MALLOC)
        misuse_kind(block, large.size, large.kind, "realloc");
    large.kind = KIND_MALLOC;
    large.damaged = large.damaged || !verify_canaries(&large, "realloc");
    bool done = !large.damaged;
    size_t old_size = large.size;
    if (done && size > old_size && has_canaries()) /* the new bytes were canary, which is secret */
        memset(large.block + old_size, 0, min_size(size - old_size, large_slack(&large)));
    done = done && size <= SIZE_LIMIT - 4 * constants.page_size &&
           (large_mapping_resize(&large, size) || resize_by_moving(&large, size));
    if (!large.damaged)
        write_canaries(&large);
    large_mapping_note_live(large.size, old_size);
    large_table_put_back(&large, LARGE_LIVE);
    *result = done ? large.block : NULL;
    return true;
}

/* --- looking */

bool large_size(const void *block, size_t *size)
{
    struct large large;
    if (!look_live(block, &large))
        return false;
    *size = large.size;
    return true;
}

static void describe(const struct large *large, bool freed, const char *address, struct report *report)
{
    report->slot_size = (size_t)(large->end - large->block);
    report->requested_size = large->size;
    if (address == large->block) {
        report->kind = REPORT_DOUBLE_FREE;
        return;
    }
    report->offset = address > large->block ? (size_t)(address - large->block) : REPORT_UNKNOWN;
    report->detail = freed ? "points into a large block that has been freed"
                           : "points into a live large block, not at its start";
}

void large_describe(const void *pointer, struct report *report)
{
    const char *address = pointer;
    struct large large;
    enum large_state state;
    if (large_table_remembers(address))
        report->kind = REPORT_DOUBLE_FREE;
    else
        report->detail = "not a block of this heap";
    for (size_t at = 0; large_table_next(&at, &large, &state);)
        if (address >= large.map && address < large.map + large.bytes) {
            report->detail = NULL;
            describe(&large, state == LARGE_FREED, address, report);
        }
}

static bool find_around(const char *address, struct large *found, enum large_state *state)
{
    for (size_t at = 0; large_table_next(&at, found, state);)
        if (address >= found->map && address < found->map + found->bytes)
            return true;
    return false;
}

bool large_describe_fault(const char *address, enum report_access access, struct report *report)
{
    struct large large;
    enum large_state state;
    if (!find_around(address, &large, &state))
        return false;
    report->address = large.block;
    report->requested_size = large.size;
    report->slot_size = (size_t)(large.end - large.block);
    bool before = address < large.block;
    report->offset = before ? (size_t)(large.block - address) : (size_t)(address - large.block);
    report->kind = before ? REPORT_HEAP_BUFFER_UNDERFLOW : REPORT_HEAP_BUFFER_OVERFLOW;
    if (!before && state == LARGE_FREED)
        report->kind = access == REPORT_WRITE ? REPORT_WRITE_AFTER_FREE : REPORT_HEAP_USE_AFTER_FREE;
    else if (!before)
        report->offset -= min_size(report->offset, large.size);
    return true;
}

/* The queues in which freed blocks wait pass over those that are not in the state that they look for. */
void large_retire(const char *address)
{
    struct large large, found;
    enum large_state state;
    if (!find_around(address, &found, &state))
        return;
    if (large_table_change(found.block, LARGE_FREED, LARGE_CHANGING, &large)) {
        (void)large_mapping_blank(&large);
    } else if (large_table_change(found.block, LARGE_LIVE, LARGE_CHANGING, &large)) {
        large.damaged = true;
        large_table_put_back(&large, LARGE_LIVE);
    }
}

/* Whoever frees the block meanwhile waits. */
static bool check(const char *block, const char *operation)
{
    struct large large, same;
    if (!large_table_change(block, LARGE_LIVE, LARGE_CHECKED, &large))
        return true;
    bool whole = verify_canaries(&large, operation);
    (void)large_table_change(block, LARGE_CHECKED, LARGE_LIVE, &same);
    return whole;
}

size_t large_check(const char *operation)
{
    size_t damaged = 0;
    struct large large;
    enum large_state state;
    for (size_t at = 0; large_table_next(&at, &large, &state);)
        damaged += !check(large.block, operation);
    return damaged;
}

size_t large_unused(void)
{
    struct large large;
    enum large_state state;
    size_t mapped = large_mapping_total() + large_mapping_spare(), used = 0;
    for (size_t at = 0; large_table_next(&at, &large, &state);)
        if (state == LARGE_LIVE || state == LARGE_CHECKED)
            used += large.bytes;
    return mapped > used ? mapped - used : 0;
}

void large_statistics(struct large_statistics *statistics)
{
    struct large large;
    enum large_state state;
    *statistics = (struct large_statistics){.cached = large_mapping_spare()};
    for (size_t at = 0; large_table_next(&at, &large, &state);) {
        if (state == LARGE_FREED) {
            statistics->cached += large.bytes;
        } else {
            statistics->blocks++;
            statistics->bytes += large.size;
            statistics->mapped +=
                (size_t)(large.end - large.map) + constants.page_size; /* without its room */
        }
    }
}
