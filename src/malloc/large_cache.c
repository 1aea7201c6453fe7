/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_cache.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "constants.h"
#include "guard.h"
#include "map.h"

/* Freed blocks that stay inaccessible before their address space is used again. */
#define QUARANTINE_BLOCKS 16u

/* Address space kept for reuse, so that steady use makes no new mappings. */
#define CACHE_BLOCKS 64u
#define CACHE_BYTES  (256 * MIB)

/*
 * Pages kept with it, and for how long; of blocks up to a length at which zeroing all of it costs less than
 * faulting in those that were touched again. (mincore(2) could tell which were, but filters of system calls
 * that services run under forbid it.)
 */
#define KEPT_BYTES      (16 * MIB)
#define KEPT_BLOCK_MOST (256 * KIB)
#define KEPT_SECONDS    2u

static char *quarantine[QUARANTINE_BLOCKS];
static uint32_t quarantine_at;
static char *cache[CACHE_BLOCKS]; /* oldest first */
static uint32_t cache_count;
static size_t cache_bytes;
static _Atomic(size_t) kept_bytes;

static uint32_t now(void)
{
    struct timespec time = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

static char *first_page(const struct large *large)
{
    return (char *)round_down((uintptr_t)large->block, constants.page_size);
}

static size_t data_bytes(const struct large *large)
{
    return (size_t)(large->end - first_page(large));
}

/* Zero the block's pages, which are in the caches, as their owner has only just let go of them, and protect
 * them. False if that is not worth it. */
static bool keep(struct large *large)
{
    size_t bytes = data_bytes(large);
    if (!guard_is_cheap() || bytes > KEPT_BLOCK_MOST ||
        atomic_load_explicit(&kept_bytes, memory_order_relaxed) + bytes > KEPT_BYTES)
        return false;
    memset(first_page(large), 0, bytes);
    if (!map_protect(first_page(large), bytes, PROT_NONE))
        return false;
    large->kept = true;
    atomic_fetch_add_explicit(&kept_bytes, bytes, memory_order_relaxed);
    return true;
}

bool large_cache_close(struct large *large)
{
    large->freed_at = now();
    large->kept = false;
    if (large->walled && keep(large))
        return true;
    if (!map_blank(large->map, large->bytes))
        return false;
    guard_forget(large->guards); /* there is nothing left to guard */
    large->guards = 0;
    return true;
}

static void forget_kept(const struct large *large)
{
    if (large->kept)
        atomic_fetch_sub_explicit(&kept_bytes, data_bytes(large), memory_order_relaxed);
}

static void cache_remove(uint32_t i)
{
    cache_count--;
    memmove(&cache[i], &cache[i + 1], (cache_count - i) * sizeof *cache);
}

/* Off the cache, out of the table. */
static void cache_extract(uint32_t i, struct large *found)
{
    struct large *large = large_table_find(cache[i]);
    *found = *large;
    large_table_remove(large);
    cache_bytes -= found->bytes;
    forget_kept(found);
    cache_remove(i);
}

/* The pages of the block have been kept long enough. */
static void give_up_pages(struct large *large)
{
    if (!map_blank(large->map, large->bytes))
        return;
    forget_kept(large);
    large->kept = false;
}

static void decay(void)
{
    uint32_t time = now();
    for (uint32_t i = 0; i < cache_count; i++) {
        struct large *large = large_table_find(cache[i]);
        if (large->kept && time - large->freed_at >= KEPT_SECONDS)
            give_up_pages(large);
    }
}

uint32_t large_cache_put(struct large *freed, struct large gone[LARGE_CACHE_GONE])
{
    uint32_t count = 0;
    char *leaving = freed->block;
    if (constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE) {
        leaving = quarantine[quarantine_at];
        quarantine[quarantine_at] = freed->block;
        quarantine_at = (quarantine_at + 1) % QUARANTINE_BLOCKS;
    }
    if (!leaving)
        return 0;
    struct large *large = large_table_find(leaving);
    if (!guard_is_cheap() || large->bytes > CACHE_BYTES / 2) {
        forget_kept(large);
        gone[count++] = *large;
        large_table_remove(large);
        return count;
    }
    while (cache_count != 0 && count < LARGE_CACHE_GONE &&
           (cache_count == CACHE_BLOCKS || cache_bytes + large->bytes > CACHE_BYTES)) {
        cache_extract(0, &gone[count++]);
        large = large_table_find(leaving); /* entries move when one is removed */
    }
    cache[cache_count++] = leaving;
    cache_bytes += large->bytes;
    decay();
    return count;
}

bool large_cache_take(size_t alignment, size_t size, struct large *found)
{
    size_t page = constants.page_size;
    size_t need = round_up(size, max_size(alignment, LARGE_ALIGNMENT)) + 2 * page;
    size_t best_bytes = need + need / 4 + page;
    uint32_t best = CACHE_BLOCKS;
    if (alignment > page)
        return false;
    for (uint32_t i = 0; i < cache_count; i++) {
        const struct large *large = large_table_find(cache[i]);
        if (large->bytes >= need && large->bytes < best_bytes) {
            best = i;
            best_bytes = large->bytes;
        }
    }
    if (best == CACHE_BLOCKS)
        return false;
    cache_extract(best, found);
    return true;
}

bool large_cache_pop(bool quarantined, struct large *gone)
{
    if (cache_count != 0) {
        cache_extract(0, gone);
        return true;
    }
    for (uint32_t i = 0; quarantined && i < QUARANTINE_BLOCKS; i++) {
        struct large *large = quarantine[i] ? large_table_find(quarantine[i]) : NULL;
        quarantine[i] = NULL;
        if (large) {
            *gone = *large;
            large_table_remove(large);
            forget_kept(gone);
            return true;
        }
    }
    return false;
}
