/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large.h"

#include <string.h>
#include <sys/mman.h>

#include "canary.h"
#include "constants.h"
#include "fork.h"
#include "guard.h"
#include "lock.h"
#include "map.h"
#include "metadata.h"
#include "report.h"

#define LARGE_ALIGNMENT ((size_t)64)
#define FRONT_CANARY    ((size_t)64)

/* Freed blocks that stay inaccessible before their address space is used again. */
#define QUARANTINE_BLOCKS 16u

/* Address space without pages that is kept for reuse, so that steady use makes no new mappings. */
#define CACHE_BLOCKS 64u
#define CACHE_BYTES  (256 * MIB)

/* A block that grew once will grow again: leave a quarter more address space behind it, up to this. */
#define GROWTH_SHIFT 2
#define GROWTH_MOST  (64 * MIB)

#define TABLE_FIRST 256u

enum large_state {
    LARGE_NONE,
    LARGE_LIVE,
    LARGE_CHANGING,
    LARGE_FREED
};

struct large {
    char *block;
    size_t size; /* requested */
    char *end;   /* the guard begins here; the canary ends here */
    char *map;
    size_t bytes; /* of the mapping */
    enum large_state state;
    uint32_t padding;
};

static struct lock lock;
static struct large *table; /* open addressing, linear probing, at most half full */
static uint32_t table_size, table_used;

static char *quarantine[QUARANTINE_BLOCKS];
static uint32_t quarantine_at;
static char *cache[CACHE_BLOCKS]; /* NULL-free up to cache_count, oldest first */
static uint32_t cache_count;
static size_t cache_bytes;

/* --- the table
 * ------------------------------------------------------------------------------------------------------- */

static uint32_t table_home(const char *block)
{
    return (uint32_t)(((uintptr_t)block / LARGE_ALIGNMENT * UINT64_C(0x9e3779b97f4a7c15)) >> 32) &
           (table_size - 1);
}

static struct large *table_find(const char *block)
{
    if (table_size == 0)
        return NULL;
    for (uint32_t i = table_home(block); table[i].block; i = (i + 1) & (table_size - 1))
        if (table[i].block == block)
            return &table[i];
    return NULL;
}

static void table_put(const struct large *large)
{
    uint32_t i = table_home(large->block);
    while (table[i].block)
        i = (i + 1) & (table_size - 1);
    table[i] = *large;
}

static bool table_make_room(void)
{
    if (table_used * 2 < table_size)
        return true;
    uint32_t size = table_size ? table_size * 2 : TABLE_FIRST;
    struct large *old = table, *fresh = metadata_allocate(size * sizeof *fresh, 64);
    if (!fresh)
        return false;
    uint32_t old_size = table_size;
    table = fresh;
    table_size = size;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].block)
            table_put(&old[i]);
    /* The old one cannot be taken back, but its pages can. */
    uintptr_t from = round_up((uintptr_t)old, constants.page_size);
    uintptr_t to = round_down((uintptr_t)(old + old_size), constants.page_size);
    if (old && from < to)
        (void)map_discard((void *)from, to - from);
    return true;
}

static bool table_insert(const struct large *large)
{
    if (!table_make_room())
        return false;
    table_put(large);
    table_used++;
    return true;
}

/* Entries behind the gap move up, so that probing needs no marks for removed ones. */
static void table_remove(struct large *large)
{
    uint32_t gap = (uint32_t)(large - table);
    for (uint32_t i = (gap + 1) & (table_size - 1); table[i].block; i = (i + 1) & (table_size - 1)) {
        uint32_t home = table_home(table[i].block);
        if (((i - home) & (table_size - 1)) >= ((i - gap) & (table_size - 1))) {
            table[gap] = table[i];
            gap = i;
        }
    }
    table[gap] = (struct large){0};
    table_used--;
}

/* --- canaries
 * ----------------------------------------------------------------------------------------------------------
 */

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
    canary_write_long(large->block, (size_t)(large->end - large->block), large_slack(large));
    size_t gap = front_gap(large);
    canary_write_long(large->block - gap, gap, gap);
}

static bool verify_overflow(const struct large *large, const char *operation)
{
    size_t usable = (size_t)(large->end - large->block), slack = large_slack(large), count;
    if (canary_intact_long(large->block, usable, slack))
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
    if (canary_intact_long(front, gap, gap))
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

/* --- mappings
 * ----------------------------------------------------------------------------------------------------------
 */

static bool guards_wanted(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_GUARD_PAGES;
}

static void unmap(const struct large *large)
{
    map_release(large->map, large->bytes);
    guard_forget(2);
}

/* Place a block of that size at the end of [from, to), as its alignment allows. */
static char *place_block(char *from, char *to, size_t alignment, size_t size)
{
    uintptr_t block = round_down((uintptr_t)to - size, max_size(alignment, LARGE_ALIGNMENT));
    return block >= (uintptr_t)from ? (char *)block : NULL;
}

/*
 * The freed block whose address space fits best, taken off the cache; it is inaccessible. Alignments past a
 * page are not looked for.
 */
static bool cache_take(size_t alignment, size_t size, struct large *found)
{
    size_t page = constants.page_size;
    size_t need = round_up(size, max_size(alignment, LARGE_ALIGNMENT)) + 2 * page;
    uint32_t best = CACHE_BLOCKS;
    size_t best_bytes = need + need / 4 + page;
    if (alignment > page)
        return false;
    for (uint32_t i = 0; i < cache_count; i++) {
        const struct large *large = table_find(cache[i]);
        if (large->bytes >= need && large->bytes < best_bytes) {
            best = i;
            best_bytes = large->bytes;
        }
    }
    if (best == CACHE_BLOCKS)
        return false;
    struct large *large = table_find(cache[best]);
    *found = *large;
    table_remove(large);
    cache_bytes -= found->bytes;
    cache_count--;
    memmove(&cache[best], &cache[best + 1], (cache_count - best) * sizeof *cache);
    return true;
}

static bool map_new(size_t alignment, size_t size, struct large *large)
{
    size_t page = constants.page_size;
    size_t data = round_up(size, page) + (alignment > page ? alignment : 0);
    large->bytes = data + 2 * page;
    large->map = map_anywhere(large->bytes, PROT_READ | PROT_WRITE);
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
    if (guards_wanted()) {
        (void)guard_install(large->map, page);
        (void)guard_install(large->end, page);
    }
    return true;
}

void *large_allocate(size_t alignment, size_t size)
{
    struct large large = {.size = size, .state = LARGE_LIVE};
    size_t page = constants.page_size;
    if (size > SIZE_LIMIT - 4 * page || alignment > SIZE_LIMIT - 4 * page - size)
        return NULL;

    fork_check();
    lock_acquire(&lock);
    bool cached = cache_take(alignment, size, &large);
    lock_release(&lock);
    if (cached) {
        large.size = size;
        large.state = LARGE_LIVE;
        large.end = large.map + large.bytes - page;
        large.block = place_block(large.map + page, large.end, alignment, size);
        char *from = (char *)round_down((uintptr_t)large.block, page);
        if (!guard_remove(from, (size_t)(large.end - from))) {
            unmap(&large);
            return NULL;
        }
    } else {
        if (!map_new(alignment, size, &large))
            return NULL;
        large.block = place_block(large.map + page, large.end, alignment, size);
    }
    write_canaries(&large);

    lock_acquire(&lock);
    bool done = table_insert(&large);
    lock_release(&lock);
    if (!done) {
        unmap(&large);
        return NULL;
    }
    return large.block;
}

/* --- freeing
 * -------------------------------------------------------------------------------------------------------------
 */

/* A freed block leaves the quarantine: its address space is cached, or given back. Returns what is to be
 * unmapped. */
static bool retire(char *block, struct large *gone)
{
    struct large *large = table_find(block);
    if (guard_is_cheap() && cache_count < CACHE_BLOCKS && cache_bytes + large->bytes <= CACHE_BYTES) {
        cache[cache_count++] = block;
        cache_bytes += large->bytes;
        return false;
    }
    *gone = *large;
    table_remove(large);
    return true;
}

static bool quarantine_put(char *block, struct large *gone)
{
    char *leaving = block;
    if (constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE) {
        leaving = quarantine[quarantine_at];
        quarantine[quarantine_at] = block;
        quarantine_at = (quarantine_at + 1) % QUARANTINE_BLOCKS;
    }
    return leaving && retire(leaving, gone);
}

/* Take a live block out of its owner's hands. */
static bool claim(const char *block, struct large *found)
{
    lock_acquire(&lock);
    struct large *large = table_find(block);
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
    table_remove(table_find(block));
    lock_release(&lock);
}

bool large_free(void *block, const char *operation)
{
    struct large large, gone;
    fork_check();
    if (!claim(block, &large))
        return false;
    if (!verify_canaries(&large, operation))
        return true; /* on-error = log: never used again */

    /* Its pages go back to the kernel and it faults on any access from here on. */
    if (!guard_install(large.map, large.bytes)) {
        remove_entry(block);
        unmap(&large);
        return true;
    }
    lock_acquire(&lock);
    table_find(block)->state = LARGE_FREED;
    bool evicted = quarantine_put(block, &gone);
    lock_release(&lock);
    if (evicted)
        unmap(&gone);
    return true;
}

bool large_trim(bool quarantined)
{
    struct large gone[CACHE_BLOCKS + QUARANTINE_BLOCKS];
    uint32_t count = 0;
    lock_acquire(&lock);
    while (cache_count != 0) {
        struct large *large = table_find(cache[--cache_count]);
        gone[count++] = *large;
        table_remove(large);
    }
    cache_bytes = 0;
    for (uint32_t i = 0; quarantined && i < QUARANTINE_BLOCKS; i++) {
        struct large *large = quarantine[i] ? table_find(quarantine[i]) : NULL;
        quarantine[i] = NULL;
        if (large) {
            gone[count++] = *large;
            table_remove(large);
        }
    }
    lock_release(&lock);
    for (uint32_t i = 0; i < count; i++)
        unmap(&gone[i]);
    return count != 0;
}

/* --- resizing
 * ------------------------------------------------------------------------------------------------------------
 */

/* The block stays where it is and its pages suffice, or suffice once guards behind it are lifted. */
static bool resize_in_place(struct large *large, size_t size)
{
    size_t page = constants.page_size;
    char *end = (char *)round_up((uintptr_t)large->block + size, page);
    if (end > large->map + large->bytes - page)
        return false;
    if (end > large->end && !guard_remove(large->end, (size_t)(end - large->end)))
        return false;
    if (end < large->end && !(guards_wanted() && guard_install(end, (size_t)(large->end - end))))
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
    struct large moved = {.size = size, .state = LARGE_CHANGING, .bytes = data + spare + 2 * page};
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
    if (guards_wanted()) {
        (void)guard_install(moved.map, page);
        (void)guard_install(moved.end, page + spare);
    }
    map_release(large->map, (size_t)(old_data - large->map));
    map_release(large->end, (size_t)(large->map + large->bytes - large->end));
    guard_forget(2);
    *large = moved;
    return true;
}

bool large_resize(void *block, size_t size, void **result)
{
    struct large large;
    if (!claim(block, &large))
        return false;
    bool done = verify_canaries(&large, "realloc");
    size_t old_size = large.size;
    if (done && size > old_size && has_canaries()) /* the new bytes were canary, which is secret */
        memset(large.block + old_size, 0, min_size(size - old_size, large_slack(&large)));
    done = done && size <= SIZE_LIMIT - 4 * constants.page_size &&
           (resize_in_place(&large, size) || resize_by_moving(&large, size));
    write_canaries(&large);
    large.state = LARGE_LIVE;

    lock_acquire(&lock);
    struct large *entry = table_find(block);
    if (large.block == (char *)block) {
        *entry = large;
    } else {
        table_remove(entry);
        table_put(&large); /* there is room: one has just been removed */
        table_used++;
    }
    lock_release(&lock);
    *result = done ? large.block : NULL;
    return true;
}

/* --- looking
 * ---------------------------------------------------------------------------------------------------------------
 */

bool large_size(const void *block, size_t *size)
{
    lock_acquire(&lock);
    const struct large *large = table_find(block);
    bool live = large && large->state == LARGE_LIVE;
    if (live)
        *size = large->size;
    lock_release(&lock);
    return live;
}

void large_describe(const void *pointer, struct report *report)
{
    const char *address = pointer;
    report->detail = "not a block of this heap";
    lock_acquire(&lock);
    for (uint32_t i = 0; i < table_size; i++) {
        const struct large *large = &table[i];
        if (!large->block || address < large->map || address >= large->map + large->bytes)
            continue;
        bool start = address == large->block;
        report->slot_size = (size_t)(large->end - large->block);
        if (large->state == LARGE_LIVE || (large->state == LARGE_CHANGING && !start)) {
            report->requested_size = large->size;
            report->offset = address > large->block ? (size_t)(address - large->block) : REPORT_UNKNOWN;
            report->detail = "points into a live large block, not at its start";
        } else {
            report->kind = start ? REPORT_DOUBLE_FREE : REPORT_BAD_FREE;
            report->requested_size = large->size;
            report->detail = start ? NULL : "points into a block that has been freed";
        }
    }
    lock_release(&lock);
}

size_t large_check(void)
{
    size_t damaged = 0;
    lock_acquire(&lock);
    for (uint32_t i = 0; i < table_size; i++)
        if (table[i].block && table[i].state == LARGE_LIVE)
            damaged += !verify_canaries(&table[i], "check");
    lock_release(&lock);
    return damaged;
}

void large_statistics(struct large_statistics *statistics)
{
    *statistics = (struct large_statistics){0};
    lock_acquire(&lock);
    for (uint32_t i = 0; i < table_size; i++) {
        const struct large *large = &table[i];
        if (!large->block)
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
