/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_cache.h"

#include <time.h>

#include "constants.h"
#include "large_mapping.h"

/*
 * Freed blocks that stay inaccessible before their address space is used again: up to a quarter of what all
 * large blocks have, within these bounds, and of a limited address space not more than a sixteenth. The rest
 * of the process needs some, too.
 */
#define QUARANTINE_BLOCKS      16u
#define QUARANTINE_SHIFT       2
#define QUARANTINE_BYTES_LEAST (64 * MIB)
#define QUARANTINE_BYTES_MOST  GIB

/* Parks: how many, and for how long. */
#define CACHE_BLOCKS 64u
#define KEPT_SECONDS 2u

/* Blocks in the order in which they came. Whoever takes one out of its place by an exchange has it to
 * himself. */
struct waiting {
    _Atomic(char *) block; /* NULL: none */
    _Atomic(size_t) bytes;
    _Atomic(size_t) kept; /* of these, bytes of pages */
};

struct queue {
    struct waiting *waiting;
    uint32_t places;
    _Atomic(uint32_t) *next; /* the place for the next one; so the oldest is the first from there on */
};

static struct waiting quarantine_places[QUARANTINE_BLOCKS], cache_places[CACHE_BLOCKS];
static _Atomic(uint32_t) quarantine_next, cache_next;
static const struct queue quarantine = {quarantine_places, QUARANTINE_BLOCKS, &quarantine_next};
static const struct queue cache = {cache_places, CACHE_BLOCKS, &cache_next}; /* of parks */
static _Atomic(uint32_t) decayed_at;

/* --- queues */

static size_t queue_bytes(const struct queue *queue)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < queue->places; i++)
        if (atomic_load_explicit(&queue->waiting[i].block, memory_order_relaxed))
            bytes += atomic_load_explicit(&queue->waiting[i].bytes, memory_order_relaxed);
    return bytes;
}

/* Returns the one that had the place, or NULL. */
static char *queue_put(const struct queue *queue, const struct large *large)
{
    struct waiting *place = &queue->waiting[atomic_fetch_add(queue->next, 1) % queue->places];
    atomic_store_explicit(&place->bytes, large->bytes, memory_order_relaxed);
    atomic_store_explicit(&place->kept, large->kept * constants.page_size, memory_order_relaxed);
    return atomic_exchange(&place->block, large->block);
}

static char *queue_pop(const struct queue *queue)
{
    uint32_t next = atomic_load(queue->next);
    for (uint32_t i = 0; i < queue->places; i++) {
        struct waiting *place = &queue->waiting[(next + i) % queue->places];
        char *block = atomic_load(&place->block) ? atomic_exchange(&place->block, NULL) : NULL;
        if (block)
            return block;
    }
    return NULL;
}

static char *queue_pop_excess(const struct queue *queue, size_t most)
{
    return queue_bytes(queue) > most ? queue_pop(queue) : NULL;
}

static size_t quarantine_most(void)
{
    size_t share = large_mapping_total() >> QUARANTINE_SHIFT;
    return large_mapping_within_limit(
        min_size(max_size(share, QUARANTINE_BYTES_LEAST), QUARANTINE_BYTES_MOST));
}

/* --- the time */

uint32_t large_cache_now(void)
{
    struct timespec time = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

/* --- in and out */

/* Out of the table, once it is in no queue. */
static bool extract(char *block, struct large *large)
{
    if (!large_table_change(block, LARGE_FREED, LARGE_CHANGING, large))
        return false;
    if (!large->park)
        large_table_remember(block);
    large_table_remove(large);
    return true;
}

static void drop(char *block)
{
    struct large large;
    if (block && extract(block, &large))
        large_mapping_release(&large);
}

/* Whether the block was taken out of its place, by us. */
static bool take_out(struct waiting *place, char *block)
{
    return block && atomic_compare_exchange_strong(&place->block, &block, NULL);
}

static bool is_kept_too_long(const char *block, uint32_t time)
{
    struct large large;
    return block && large_table_look(block, LARGE_FREED, &large) && time - large.freed_at >= KEPT_SECONDS;
}

static void decay(void)
{
    uint32_t time = large_cache_now();
    if (large_mapping_kept() == 0 ||
        atomic_exchange_explicit(&decayed_at, time, memory_order_relaxed) == time)
        return;
    for (uint32_t i = 0; i < CACHE_BLOCKS; i++) {
        struct waiting *place = &cache.waiting[i];
        char *block = atomic_load(&place->block);
        if (is_kept_too_long(block, time) && take_out(place, block))
            drop(block);
    }
}

static void recycle(char *block)
{
    struct large large;
    if (!block || !extract(block, &large))
        return;
    if (large.kept == 0) {
        large_mapping_recycle(&large);
        return;
    }
    large_mapping_make_park(&large);
    large_cache_park(&large);
}

void large_cache_quarantine(const struct large *freed)
{
    char *leaving = freed->block;
    size_t most = quarantine_most();
    if (constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE && freed->bytes <= most)
        leaving = queue_put(&quarantine, freed);
    recycle(leaving);
    while ((leaving = queue_pop_excess(&quarantine, most)) != NULL)
        recycle(leaving);
}

static void keep_at_most(size_t most)
{
    char *leaving;
    while (large_mapping_kept() > most && (leaving = queue_pop(&cache)) != NULL)
        drop(leaving);
}

void large_cache_make_way(size_t wanted)
{
    keep_at_most(large_mapping_kept_most(wanted));
}

void large_cache_park(struct large *park)
{
    park->freed_at = large_cache_now();
    if (!large_table_insert(park, LARGE_FREED)) {
        large_mapping_release(park);
        return;
    }
    drop(queue_put(&cache, park));
    keep_at_most(large_mapping_kept_most(0));
    decay();
}

/* How much of the address space of a park that is not needed counts as much as a page that is missing: long
 * ones are for long blocks, for which there would have to be new ones. */
#define MISFIT_SHIFT 5

/* The place of the park with the most pages that are of use and the fewest that are not, of several the
 * youngest, which is still in the processor's caches; NULL if there is none that is long enough. */
static struct waiting *best_fit(size_t need, char **block)
{
    struct waiting *best = NULL;
    size_t best_misfit = SIZE_MAX;
    uint32_t next = atomic_load_explicit(cache.next, memory_order_relaxed);
    for (uint32_t i = 1; i <= CACHE_BLOCKS; i++) {
        struct waiting *place = &cache.waiting[(next - i) % CACHE_BLOCKS];
        char *found = atomic_load(&place->block);
        size_t bytes = atomic_load_explicit(&place->bytes, memory_order_relaxed);
        size_t pages = atomic_load_explicit(&place->kept, memory_order_relaxed);
        if (!found || bytes < need)
            continue;
        size_t misfit = (pages > need ? pages - need : need - pages) + ((bytes - need) >> MISFIT_SHIFT);
        if (misfit < best_misfit) {
            best = place;
            best_misfit = misfit;
            *block = found;
        }
    }
    return best;
}

bool large_cache_take(size_t alignment, size_t size, struct large *found)
{
    size_t page = constants.page_size;
    size_t need = round_up(size, max_size(alignment, LARGE_ALIGNMENT)) + 2 * page;
    char *block;
    if (alignment > page)
        return false;
    struct waiting *place = best_fit(need, &block);
    if (!place || !take_out(place, block) || !extract(block, found))
        return false;
    if (found->bytes >= need)
        return true;
    large_mapping_release(found); /* it came to that place just now, and another one's size was read */
    return false;
}

bool large_cache_trim(bool quarantined)
{
    bool any = large_mapping_trim() != 0;
    char *block;
    while ((block = queue_pop(&cache)) != NULL || (quarantined && (block = queue_pop(&quarantine)) != NULL)) {
        drop(block);
        any = true;
    }
    return any;
}
