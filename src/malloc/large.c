/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large.h"

#include <string.h>
#include <sys/mman.h>

#include "canary.h"
#include "constants.h"
#include "fork.h"
#include "guard.h"
#include "large_cache.h"
#include "lock.h"
#include "map.h"
#include "misuse.h"
#include "report.h"

#define FRONT_CANARY ((size_t)64)

/* Around each block: one before it, one behind it. */
#define GUARDS 2u

/* A block that grew once will grow again: leave a quarter more address space behind it, up to this. */
#define GROWTH_SHIFT 2
#define GROWTH_MOST  (64 * MIB)

static struct lock lock;

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

static void write_canaries(const struct large *large)
{
    if (!has_canaries())
        return;
    canary_write_long(large->block, (size_t)(large->end - large->block), large_slack(large), KIND_MALLOC);
    size_t gap = front_gap(large);
    canary_write_long(large->block - gap, gap, gap, KIND_MALLOC);
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

/* --- mappings */

static bool guards_wanted(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_GUARD_PAGES;
}

static void unmap(const struct large *large)
{
    map_release(large->map, large->bytes);
    guard_forget(large->guards);
}

/*
 * Blocks whose guards are what is inaccessible of their mappings. That takes one system call where guards of
 * their own take three, but also two more mappings, so there may be only so many.
 */
#define WALLED_MOST 1024

static _Atomic(int) walled;

static void forget_wall(struct large *large)
{
    if (large->walled)
        atomic_fetch_sub_explicit(&walled, 1, memory_order_relaxed);
    large->walled = false;
}

static void install_guard(struct large *large, char *from, size_t bytes)
{
    if (guards_wanted() && guard_install(from, bytes) == GUARD_MAPPING)
        large->guards++;
}

static bool put_guards(struct large *large, char *from)
{
    if (!map_protect(large->map, large->bytes, PROT_READ | PROT_WRITE))
        return false;
    install_guard(large, large->map, (size_t)(from - large->map));
    install_guard(large, large->end, (size_t)(large->map + large->bytes - large->end));
    return true;
}

/* Make an inaccessible mapping accessible from `from`, a page, to large->end. */
static bool open_mapping(struct large *large, char *from)
{
    bool may_be_walled = guards_wanted() && guard_is_cheap();
    if (!may_be_walled || atomic_load_explicit(&walled, memory_order_relaxed) >= WALLED_MOST)
        return put_guards(large, from);
    large->walled = map_protect(from, (size_t)(large->end - from), PROT_READ | PROT_WRITE);
    if (large->walled)
        atomic_fetch_add_explicit(&walled, 1, memory_order_relaxed);
    return large->walled;
}

static char *first_page(const struct large *large)
{
    return (char *)round_down((uintptr_t)large->block, constants.page_size);
}

/* Give it guards of its own, which can be moved. */
static bool unwall(struct large *large)
{
    if (large->walled && !put_guards(large, first_page(large)))
        return false;
    forget_wall(large);
    return true;
}

/* Place a block of that size at the end of [from, to), as its alignment allows. */
static char *place_block(char *from, char *to, size_t alignment, size_t size)
{
    uintptr_t block = round_down((uintptr_t)to - size, max_size(alignment, LARGE_ALIGNMENT));
    return block >= (uintptr_t)from ? (char *)block : NULL;
}

static bool map_new(size_t alignment, size_t size, struct large *large)
{
    size_t page = constants.page_size;
    size_t data = round_up(size, page) + (alignment > page ? alignment : 0);
    large->bytes = data + 2 * page;
    large->map = map_anywhere(large->bytes, PROT_NONE);
    if (!large->map)
        return false;
    large->end = large->map + page + data;
    if (alignment > page) {
        /* The block begins at a multiple of the alignment; what is mapped outside its pages goes back. */
        uintptr_t block = round_up((uintptr_t)large->map + page, alignment);
        char *front = (char *)block - page, *end = (char *)block + round_up(size, page);
        char *map_end = large->map + large->bytes;
        if (front > large->map)
            map_release(large->map, (size_t)(front - large->map));
        if (end + page < map_end)
            map_release(end + page, (size_t)(map_end - (end + page)));
        large->map = front;
        large->end = end;
        large->bytes = (size_t)(end + page - front);
    }
    return true;
}

void *large_allocate(size_t alignment, size_t size, enum allocation_kind kind)
{
    struct large large = {.size = size, .state = LARGE_LIVE};
    size_t page = constants.page_size;
    if (size > SIZE_LIMIT - 4 * page || alignment > SIZE_LIMIT - 4 * page - size)
        return NULL;

    fork_check();
    lock_acquire(&lock);
    bool cached = large_cache_take(alignment, size, &large);
    lock_release(&lock);
    if (cached)
        large = (struct large){.end = large.map + large.bytes - page, .map = large.map, .bytes = large.bytes};
    else if (!map_new(alignment, size, &large))
        return NULL;
    large.size = size;
    large.kind = kind;
    large.block = place_block(large.map + page, large.end, alignment, size);
    if (!open_mapping(&large, first_page(&large))) {
        unmap(&large);
        return NULL;
    }
    write_canaries(&large);

    lock_acquire(&lock);
    bool done = large_table_insert(&large);
    lock_release(&lock);
    if (!done) {
        unmap(&large);
        return NULL;
    }
    return large.block;
}

/* --- freeing */

/* Take a live block out of its owner's hands. */
static bool claim(const char *block, struct large *found)
{
    lock_acquire(&lock);
    struct large *large = large_table_find(block);
    bool live = large && large->state == LARGE_LIVE;
    if (live) {
        large->state = LARGE_CHANGING;
        *found = *large;
    }
    lock_release(&lock);
    return live;
}

static void remove_entry(const char *block)
{
    lock_acquire(&lock);
    large_table_remove(large_table_find(block));
    lock_release(&lock);
}

bool large_free(void *block, const char *operation, enum allocation_kind kind)
{
    struct large large, gone[LARGE_CACHE_GONE];
    fork_check();
    if (!claim(block, &large))
        return false;
    if (large.kind != kind)
        misuse_kind(block, large.size, large.kind, operation);
    if (!verify_canaries(&large, operation))
        return true; /* on-error = log: never used again */

    /* It faults on any access from here on. */
    bool closed = large_cache_close(&large);
    forget_wall(&large);
    if (!closed) {
        remove_entry(block);
        unmap(&large);
        return true;
    }
    large.state = LARGE_FREED;
    lock_acquire(&lock);
    *large_table_find(block) = large;
    uint32_t count = large_cache_put(&large, gone);
    lock_release(&lock);
    while (count != 0)
        unmap(&gone[--count]);
    return true;
}

bool large_trim(bool quarantined)
{
    struct large gone;
    bool any = false;
    for (;;) {
        lock_acquire(&lock);
        bool more = large_cache_pop(quarantined, &gone);
        lock_release(&lock);
        if (!more)
            return any;
        unmap(&gone);
        any = true;
    }
}

/* --- resizing */

/* The guard behind the block begins at `end` from now on. */
static bool extend_guard(struct large *large, char *end)
{
    enum guard made = guards_wanted() ? guard_install(end, (size_t)(large->end - end)) : GUARD_NONE;
    if (made == GUARD_MAPPING && large->guards == GUARDS)
        guard_forget(1); /* one with that behind it */
    else if (made == GUARD_MAPPING)
        large->guards++;
    return made != GUARD_NONE;
}

/* The block stays where it is and its pages suffice, or suffice once guards behind it are lifted. */
static bool resize_in_place(struct large *large, size_t size)
{
    size_t page = constants.page_size;
    char *end = (char *)round_up((uintptr_t)large->block + size, page);
    if (end > large->map + large->bytes - page || (end != large->end && !unwall(large)))
        return false;
    if (end > large->end && !guard_narrow(large->end, (size_t)(end - large->end)))
        return false;
    if (end < large->end && !extend_guard(large, end))
        end = large->end;
    large->end = end;
    large->size = size;
    return true;
}

/* The pages of the block go to a larger piece of address space. */
static bool resize_by_moving(struct large *large, size_t size)
{
    size_t page = constants.page_size;
    size_t offset = (uintptr_t)large->block % page;
    size_t data = round_up(offset + size, page);
    size_t spare = round_up(min_size(size >> GROWTH_SHIFT, GROWTH_MOST), page);
    struct large moved = {
        .size = size, .state = LARGE_CHANGING, .kind = large->kind, .bytes = data + spare + 2 * page};
    if (offset + size < size)
        return false;
    moved.map = map_anywhere(moved.bytes, PROT_READ | PROT_WRITE);
    if (!moved.map) {
        spare = 0;
        moved.bytes = data + 2 * page;
        moved.map = map_anywhere(moved.bytes, PROT_READ | PROT_WRITE);
        if (!moved.map)
            return false;
    }
    moved.block = moved.map + page + offset;
    moved.end = moved.map + page + data;
    char *old_data = large->block - offset;
    if (!map_move(old_data, moved.map + page, (size_t)(large->end - old_data))) {
        map_release(moved.map, moved.bytes);
        return false;
    }
    install_guard(&moved, moved.map, page);
    install_guard(&moved, moved.end, page + spare);
    map_release(large->map, (size_t)(old_data - large->map));
    map_release(large->end, (size_t)(large->map + large->bytes - large->end));
    guard_forget(large->guards);
    forget_wall(large);
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
    bool done = verify_canaries(&large, "realloc");
    size_t old_size = large.size;
    if (done && size > old_size && has_canaries()) /* the new bytes were canary, which is secret */
        memset(large.block + old_size, 0, min_size(size - old_size, large_slack(&large)));
    done = done && size <= SIZE_LIMIT - 4 * constants.page_size &&
           (resize_in_place(&large, size) || resize_by_moving(&large, size));
    write_canaries(&large);
    large.state = LARGE_LIVE;

    lock_acquire(&lock);
    struct large *entry = large_table_find(block);
    if (large.block == (char *)block) {
        *entry = large;
    } else {
        large_table_remove(entry);
        (void)large_table_insert(&large); /* there is room: one has just been removed */
    }
    lock_release(&lock);
    *result = done ? large.block : NULL;
    return true;
}

/* --- looking */

bool large_size(const void *block, size_t *size)
{
    lock_acquire(&lock);
    const struct large *large = large_table_find(block);
    bool live = large && large->state == LARGE_LIVE;
    if (live)
        *size = large->size;
    lock_release(&lock);
    return live;
}

static void describe(const struct large *large, const char *address, struct report *report)
{
    bool start = address == large->block, freed = large->state == LARGE_FREED;
    report->slot_size = (size_t)(large->end - large->block);
    report->requested_size = large->size;
    if (start) {
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
    lock_acquire(&lock);
    if (large_table_remembers(address))
        report->kind = REPORT_DOUBLE_FREE;
    else
        report->detail = "not a block of this heap";
    for (uint32_t i = 0; i < large_table_size(); i++) {
        const struct large *large = large_table_at(i);
        if (large && address >= large->map && address < large->map + large->bytes) {
            report->detail = NULL;
            describe(large, address, report);
        }
    }
    lock_release(&lock);
}

size_t large_check(const char *operation)
{
    size_t damaged = 0;
    if (!lock_try(&lock))
        return 0;
    for (uint32_t i = 0; i < large_table_size(); i++) {
        const struct large *large = large_table_at(i);
        if (large && large->state == LARGE_LIVE)
            damaged += !verify_canaries(large, operation);
    }
    lock_release(&lock);
    return damaged;
}

void large_statistics(struct large_statistics *statistics)
{
    *statistics = (struct large_statistics){0};
    lock_acquire(&lock);
    for (uint32_t i = 0; i < large_table_size(); i++) {
        const struct large *large = large_table_at(i);
        if (!large)
            continue;
        if (large->state == LARGE_FREED) {
            statistics->cached += large->bytes;
        } else {
            statistics->blocks++;
            statistics->bytes += large->size;
            statistics->mapped += large->bytes;
        }
    }
    lock_release(&lock);
}

void large_fork_prepare(void)
{
    lock_acquire(&lock);
}

void large_fork_parent(void)
{
    lock_release(&lock);
}

void large_fork_child(void)
{
    lock_reset(&lock);
}
