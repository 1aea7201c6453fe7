/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_mapping.h"

#include <string.h>
#include <sys/mman.h>

#include "constants.h"
#include "guard.h"
#include "map.h"

/* Guards of their own around a block: one before it, one behind it. */
#define GUARDS 2u

/* Blocks whose guards are walls. */
#define WALLED_MOST 1024

/* Pages kept, in all and of blocks up to what length; and so many pages without contents in a row are taken
 * for the beginning of what was never used. */
#define KEPT_BYTES      (16 * MIB)
#define KEPT_BLOCK_MOST (8 * MIB)
#define EMPTY_IN_A_ROW  4u

/* A block that grew once will grow again: leave a quarter more address space behind it, up to this. */
#define GROWTH_SHIFT 2
#define GROWTH_MOST  (64 * MIB)

static _Atomic(int) walled;
static _Atomic(size_t) kept_bytes;
static _Atomic(size_t) total_bytes;

static char *first_page(const struct large *large)
{
    return (char *)round_down((uintptr_t)large->block, constants.page_size);
}

static size_t data_bytes(const struct large *large)
{
    return (size_t)(large->end - first_page(large));
}

static char *map_end(const struct large *large)
{
    return large->map + large->bytes;
}

/* --- making */

/* Place a block of that size at the end, as its alignment allows. */
static char *place_block(const struct large *large, size_t alignment, size_t size)
{
    return (char *)round_down((uintptr_t)large->end - size, max_size(alignment, LARGE_ALIGNMENT));
}

bool large_mapping_new(size_t alignment, size_t size, struct large *large)
{
    size_t page = constants.page_size;
    size_t data = round_up(size, page) + (alignment > page ? alignment : 0);
    *large = (struct large){.bytes = data + 2 * page};
    large->map = map_anywhere(large->bytes, PROT_NONE);
    if (!large->map)
        return false;
    large->end = large->map + page + data;
    if (alignment > page) {
        /* The block begins at a multiple of the alignment; what is mapped outside its pages goes back. */
        char *block = (char *)round_up((uintptr_t)large->map + page, alignment);
        char *front = block - page, *end = block + round_up(size, page);
        if (front > large->map)
            map_release(large->map, (size_t)(front - large->map));
        if (end + page < map_end(large))
            map_release(end + page, (size_t)(map_end(large) - (end + page)));
        large->map = front;
        large->end = end;
        large->bytes = (size_t)(end + page - front);
    }
    atomic_fetch_add_explicit(&total_bytes, large->bytes, memory_order_relaxed);
    large->block = place_block(large, alignment, size);
    return true;
}

/* --- guards */

static bool guards_wanted(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_GUARD_PAGES;
}

static void install_guard(struct large *large, char *from, char *to)
{
    if (guards_wanted() && guard_install(from, (size_t)(to - from)) == GUARD_MAPPING)
        large->guards++;
}

static bool put_guards(struct large *large)
{
    if (!map_protect(large->map, large->bytes, PROT_READ | PROT_WRITE))
        return false;
    install_guard(large, large->map, first_page(large));
    install_guard(large, large->end, map_end(large));
    return true;
}

static void forget_guards(struct large *large)
{
    if (large->walled)
        atomic_fetch_sub_explicit(&walled, 1, memory_order_relaxed);
    guard_forget(large->guards);
    large->walled = false;
    large->guards = 0;
}

/* Give it guards of its own, which can be moved. */
static bool unwall(struct large *large)
{
    if (!large->walled)
        return true;
    if (!put_guards(large))
        return false;
    atomic_fetch_sub_explicit(&walled, 1, memory_order_relaxed);
    large->walled = false;
    return true;
}

bool large_mapping_open(struct large *large)
{
    bool may_be_walled = guards_wanted() && guard_is_cheap();
    if (!may_be_walled || atomic_load_explicit(&walled, memory_order_relaxed) >= WALLED_MOST)
        return put_guards(large);
    large->walled = map_protect(first_page(large), data_bytes(large), PROT_READ | PROT_WRITE);
    if (large->walled)
        atomic_fetch_add_explicit(&walled, 1, memory_order_relaxed);
    return large->walled;
}

/* --- pages of freed blocks */

static bool is_empty(const char *start)
{
    const uint64_t *word = (const uint64_t *)(const void *)start;
    for (size_t i = 0; i < constants.page_size / sizeof *word; i++)
        if (word[i] != 0)
            return false;
    return true;
}

/*
 * Zero the pages that were used, which are in the caches, as their owner has only just let go of them; they
 * are the first ones, or most of them. The rest goes back to the kernel. mincore(2) could tell which pages
 * are there, but sandboxes kill for it. Returns how many pages are kept; *done: whether all reads as zero
 * now.
 */
static size_t zero_used(char *from, char *to, size_t most, bool *done)
{
    size_t page = constants.page_size, empty = 0, count = 0;
    char *at = from;
    for (; at < to && empty < EMPTY_IN_A_ROW && count <= most; at += page) {
        if (is_empty(at)) {
            empty++;
        } else {
            memset(at, 0, page);
            count += empty + 1;
            empty = 0;
        }
    }
    *done = count <= most && (at == to || map_discard(at, (size_t)(to - at)));
    return count;
}

/* Protect the block's pages and keep what was used of them. False if that is not worth it. */
static bool keep(struct large *large)
{
    size_t page = constants.page_size, kept = large_mapping_kept();
    if (!large->walled || data_bytes(large) > KEPT_BLOCK_MOST || kept >= KEPT_BYTES)
        return false;
    bool done;
    size_t pages = zero_used(first_page(large), large->end, (KEPT_BYTES - kept) / page, &done);
    if (!done || !map_protect(first_page(large), data_bytes(large), PROT_NONE))
        return false;
    large->kept = (uint32_t)pages;
    atomic_fetch_add_explicit(&kept_bytes, pages * page, memory_order_relaxed);
    return true;
}

static void forget_kept(struct large *large)
{
    atomic_fetch_sub_explicit(&kept_bytes, large->kept * constants.page_size, memory_order_relaxed);
    large->kept = 0;
}

bool large_mapping_blank(struct large *large)
{
    if (!map_blank(large->map, large->bytes))
        return false;
    forget_guards(large); /* there is nothing left to guard */
    forget_kept(large);
    return true;
}

bool large_mapping_close(struct large *large)
{
    if (!keep(large))
        return large_mapping_blank(large);
    forget_guards(large);
    return true;
}

size_t large_mapping_kept(void)
{
    return atomic_load_explicit(&kept_bytes, memory_order_relaxed);
}

size_t large_mapping_total(void)
{
    return atomic_load_explicit(&total_bytes, memory_order_relaxed);
}

static void forget(struct large *large)
{
    atomic_fetch_sub_explicit(&total_bytes, large->bytes, memory_order_relaxed);
    forget_guards(large);
    forget_kept(large);
}

void large_mapping_release(struct large *large)
{
    map_release(large->map, large->bytes);
    forget(large);
}

void large_mapping_reuse(size_t alignment, size_t size, struct large *large)
{
    forget_kept(large);
    *large = (struct large){.map = large->map, .bytes = large->bytes};
    large->end = map_end(large) - constants.page_size;
    large->block = place_block(large, alignment, size);
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

/* Its pages suffice, or suffice once guards behind it are lifted. */
bool large_mapping_resize(struct large *large, size_t size)
{
    size_t page = constants.page_size;
    char *end = (char *)round_up((uintptr_t)large->block + size, page);
    if (end > map_end(large) - page || (end != large->end && !unwall(large)))
        return false;
    if (end > large->end && !guard_narrow(large->end, (size_t)(end - large->end)))
        return false;
    if (end < large->end && !extend_guard(large, end))
        end = large->end;
    large->end = end;
    large->size = size;
    return true;
}

bool large_mapping_prepare_move(const struct large *large, size_t size, struct large *moved)
{
    size_t page = constants.page_size;
    size_t offset = (uintptr_t)large->block % page;
    size_t data = round_up(offset + size, page);
    size_t spare = round_up(min_size(size >> GROWTH_SHIFT, GROWTH_MOST), page);
    if (offset + size < size)
        return false;
    *moved = (struct large){.size = size, .kind = large->kind, .bytes = data + spare + 2 * page};
    moved->map = map_anywhere(moved->bytes, PROT_READ | PROT_WRITE);
    if (!moved->map) {
        moved->bytes = data + 2 * page;
        moved->map = map_anywhere(moved->bytes, PROT_READ | PROT_WRITE);
    }
    if (!moved->map)
        return false;
    atomic_fetch_add_explicit(&total_bytes, moved->bytes, memory_order_relaxed);
    moved->block = moved->map + page + offset;
    moved->end = moved->map + page + data;
    return true;
}

bool large_mapping_move(struct large *large, struct large *moved)
{
    char *data = first_page(large);
    if (!map_move(data, first_page(moved), data_bytes(large)))
        return false;
    install_guard(moved, moved->map, first_page(moved));
    install_guard(moved, moved->end, map_end(moved));
    map_release(large->map, (size_t)(data - large->map));
    map_release(large->end, (size_t)(map_end(large) - large->end));
    forget(large);
    return true;
}
