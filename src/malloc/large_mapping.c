/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_mapping.h"

#include <string.h>
#include <sys/mman.h>

#include "constants.h"
#include "fill.h"
#include "guard.h"
#include "map.h"

/* Guards of their own around a block: one before it, one behind it. */
#define GUARDS 2u

/* Blocks whose guards are walls. */
#define WALLED_MOST 1024

/* Pages kept, in all: so much; up to so much more, a quarter of what all large blocks have, or what live
 * blocks have less than at their peak: with these pages the process is not larger than it was. */
#define KEPT_LEAST (16 * MIB)
#define KEPT_MOST  (64 * MIB)
#define KEPT_SHIFT 2
/* Up to so many pages stay where they are, inaccessible: protecting each of more would cost more than moving
 * them. */
#define STAYING_MOST 40
#define GAP_LEAST    (32 * KIB)
#define PIECE        256
#define ZEROED_MOST  (256 * KIB) /* at once: what is in the second cache since it was looked at */
/* Room behind a block; and what is kept of address space that was a block's, at most. */
#define ROOM       (2 * MIB)
#define SPARE_MOST (32 * MIB)

/* A block that grew once will grow again: leave a quarter more address space behind it, up to this. */
#define GROWTH_SHIFT 2
#define GROWTH_MOST  (64 * MIB)

/* From so much address space on none is given away for room. */
#define ROOMY_MOST (256 * MIB)

#define LIMIT_SHIFT 4

static _Atomic(int) walled;
static _Atomic(size_t) kept_bytes;
static _Atomic(size_t) total_bytes;
static _Atomic(size_t) live_bytes, live_peak;
static _Atomic(bool)
    moves_fail;               /* one has failed, so parks are not tried any more: it may cost address space */
static _Atomic(size_t) limit; /* 0: none */

void large_mapping_start(size_t address_space)
{
    atomic_store(&limit, address_space == SIZE_MAX ? 0 : max_size(address_space >> LIMIT_SHIFT, 1));
}

size_t large_mapping_within_limit(size_t bytes)
{
    size_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    return most == 0 ? bytes : min_size(bytes, most);
}

static bool is_roomy(void)
{
    return large_mapping_total() < large_mapping_within_limit(ROOMY_MOST);
}

static char *first_page(const struct large *large)
{
    return large->map + constants.page_size;
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

/* Inaccessible mappings without pages that are at hand: of each its first page, and above that how many. */
#define SPARES 8u
static _Atomic(uint64_t) spares[SPARES];
static _Atomic(unsigned) next_spare; /* which one the next takes the place of */
#define SPARE_PAGE_BITS 40

static char *spare_map(uint64_t taken)
{
    return (char *)((taken & ((UINT64_C(1) << SPARE_PAGE_BITS) - 1)) * constants.page_size);
}

static size_t spare_bytes(uint64_t taken)
{
    return (taken >> SPARE_PAGE_BITS) * constants.page_size;
}

static void release_spare(uint64_t taken)
{
    if (taken != 0)
        map_release(spare_map(taken), spare_bytes(taken));
}

static void put_spare(char *map, size_t bytes)
{
    size_t page = constants.page_size;
    uint64_t pages = bytes / page, first = (uintptr_t)map / page;
    if (pages >> (64 - SPARE_PAGE_BITS) != 0 || bytes < ROOM || bytes > SPARE_MOST) {
        map_release(map, bytes);
        return;
    }
    unsigned place = atomic_fetch_add_explicit(&next_spare, 1, memory_order_relaxed) % SPARES;
    release_spare(atomic_exchange(&spares[place], pages << SPARE_PAGE_BITS | first));
}

static bool take_spare(size_t least, struct large *park)
{
    for (unsigned i = 0; i < SPARES; i++) {
        uint64_t taken = atomic_load(&spares[i]);
        if (spare_bytes(taken) < least || !atomic_compare_exchange_strong(&spares[i], &taken, 0))
            continue;
        park->map = spare_map(taken);
        park->bytes = spare_bytes(taken);
        return true;
    }
    return false;
}

static bool guards_wanted(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_GUARD_PAGES;
}

/* Whether the guards of one more block may be walls. */
static bool may_be_walled(void)
{
    return guards_wanted() && guard_is_cheap() &&
           atomic_load_explicit(&walled, memory_order_relaxed) < WALLED_MOST;
}

/* Address space was limited after the start, or so much else is there: from now on go on as if it had been
 * from the start. What is asked for may be beyond reason, and says nothing then. */
static void note_scarcity(size_t data)
{
    if (data <= ROOM)
        atomic_store_explicit(&limit,
                              large_mapping_within_limit(max_size(large_mapping_total() >> LIMIT_SHIFT, 1)),
                              memory_order_relaxed);
}

/* Address space with room to grow, so that it may serve a larger block when this one is gone. */
static bool map_with_room(size_t data, struct large *large)
{
    size_t page = constants.page_size, room = is_roomy() && may_be_walled() ? ROOM : 0;
    *large = (struct large){.bytes = data + room + 2 * page};
    if (room == 0 || !take_spare(data + 2 * page, large))
        large->map = map_anywhere(large->bytes, PROT_NONE);
    if (!large->map) {
        note_scarcity(data);
        large->bytes = data + 2 * page;
        large->map = map_anywhere(large->bytes, PROT_NONE);
    }
    large->end = large->map + page + data;
    return large->map != NULL;
}

/* The block begins at a multiple of the alignment, more than a page; what is mapped outside its pages goes
 * back. */
static bool map_aligned(size_t alignment, size_t data, struct large *large)
{
    size_t page = constants.page_size;
    size_t bytes = data + alignment + 2 * page;
    char *map = map_anywhere(bytes, PROT_NONE);
    if (!map)
        return false;
    char *block = (char *)round_up((uintptr_t)map + page, alignment);
    char *front = block - page, *end = block + data + page;
    if (front > map)
        map_release(map, (size_t)(front - map));
    if (end < map + bytes)
        map_release(end, (size_t)(map + bytes - end));
    *large = (struct large){.map = front, .end = block + data, .bytes = (size_t)(end - front)};
    return true;
}

bool large_mapping_new(size_t alignment, size_t size, struct large *large)
{
    size_t data = round_up(size, constants.page_size);
    if (!(alignment > constants.page_size ? map_aligned(alignment, data, large) : map_with_room(data, large)))
        return false;
    atomic_fetch_add_explicit(&total_bytes, large->bytes, memory_order_relaxed);
    large->block = place_block(large, alignment, size);
    return true;
}

/* --- guards */

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

bool large_mapping_open(struct large *large)
{
    if (large->walled)
        return true;
    if (!may_be_walled())
        return put_guards(large);
    large->walled = map_protect(first_page(large), data_bytes(large), PROT_READ | PROT_WRITE);
    if (large->walled)
        atomic_fetch_add_explicit(&walled, 1, memory_order_relaxed);
    /* Without walls it is a part of the mapping next to it, where there are no mappings left. */
    return large->walled || put_guards(large);
}

/* --- pages of freed blocks */

/* In pieces, as most pages that are not have something where they begin. */
static bool is_empty(const char *page)
{
    for (size_t at = 0; at < constants.page_size; at += PIECE)
        if (!fill_is_whole(page, at, at + PIECE, 0))
            return false;
    return true;
}

/*
 * How many bytes without contents, behind so many that were used, are looked at before the rest is taken for
 * unused: to look at a page that is not there is a page fault, and what is kept must be protected, so only
 * where it has turned out to be of use, or may.
 */
static size_t widest_gap(enum large_use use, size_t used)
{
    return use == USE_BEGINNING ? 0 : GAP_LEAST + used / 2;
}

/* How the pages of the block that was closed last lay in it: what is not known of others is taken to be the
 * same. */
static _Atomic(uint8_t) latest_use = USE_UNKNOWN;

/* The pages from `at` on that are in use, which zeroing all at once makes a tenth cheaper. */
static size_t zero_run(char *first, size_t at, size_t end)
{
    size_t page = constants.page_size, to = at;
    do {
        to += page;
        __builtin_prefetch(first + to + page);
    } while (to < end && !is_empty(first + to));
    memset(first + at, 0, to - at);
    return to;
}

/*
 * Zero the pages that were used, which are in the caches, as their owner has only just let go of them.
 * (mincore(2) could tell which pages are there, but sandboxes kill for it.) Returns how many bytes are zero
 * now, with the page behind that was found empty, and with all gaps if there were any: to look at these the
 * next time would be page faults again. 0 if none was used, or too many. The last page says nothing, as it
 * has the canary: it is looked at only if all before it were used.
 */
static size_t zero_used(struct large *large, size_t most)
{
    size_t page = constants.page_size, data = data_bytes(large), end = data - page, used = 0, at = 0;
    enum large_use use = large->use;
    char *first = first_page(large);
    bool scattered = false;
    if (use == USE_UNKNOWN)
        use = atomic_load_explicit(&latest_use, memory_order_relaxed);
    while (at < end && used <= most && at - used <= widest_gap(use, used)) {
        if (is_empty(first + at)) {
            at += page;
            continue;
        }
        scattered = scattered || at != used;
        used = at = zero_run(first, at, min_size(end, at + ZEROED_MOST));
    }
    if (used == end && !is_empty(first + end)) {
        memset(first + end, 0, page);
        used = at = data;
    }
    if (used > most)
        return 0;
    large->use = scattered ? USE_SCATTERED : USE_BEGINNING;
    atomic_store_explicit(&latest_use, large->use, memory_order_relaxed);
    return used == 0 ? 0 : scattered ? at : min_size(used + page, data);
}

/* The mapping that pages were to be moved to, at that place in it, and were not. */
static void release_after_move(const struct large *large, char *place, size_t bytes)
{
    if (!map_lost_destination()) {
        map_release(large->map, large->bytes);
        return;
    }
    map_release(large->map, (size_t)(place - large->map));
    map_release(place + bytes, (size_t)(map_end(large) - (place + bytes)));
}

/* Returns how many bytes of pages are to be kept, zero all over; 0 if none. */
static size_t zero_what_is_kept(struct large *large)
{
    char *first = first_page(large);
    size_t kept = large_mapping_kept(), most = large_mapping_kept_most(0);
    if (data_bytes(large) == 0)
        return 0;
    /* The program may have protected parts of it, or unmapped them; else this changes nothing. */
    if (kept >= most || !map_protect(first, data_bytes(large), PROT_READ | PROT_WRITE))
        return 0;
    return zero_used(large, most - kept);
}

static void note_kept(struct large *large, size_t bytes)
{
    large->kept = (uint32_t)(bytes / constants.page_size);
    atomic_fetch_add_explicit(&kept_bytes, bytes, memory_order_relaxed);
}

/*
 * The last page often has a canary. Zero it, too, and return where what goes back to the kernel ends. If a
 * longer block had that mapping before and its last page was kept, all goes back from the used ones on to
 * there: else each length would leave a page behind.
 */
static size_t keep_last(struct large *large, size_t used)
{
    size_t data = data_bytes(large);
    char *last = large->end - constants.page_size;
    if (large->reach > large->end) {
        size_t bytes = (size_t)(large->reach - first_page(large));
        large->reach = NULL;
        return bytes;
    }
    large->reach = large->end;
    if (used == data)
        return data;
    if (!is_empty(last))
        memset(last, 0, constants.page_size);
    return data - constants.page_size;
}

/* Pages in [from, to) go back to the kernel, and all is inaccessible. */
static bool shut(const struct large *large, size_t from, size_t to)
{
    char *first = first_page(large);
    return large->walled && (from == to || map_discard(first + from, to - from)) &&
           map_protect(first, data_bytes(large), PROT_NONE);
}

/*
 * Many pages move, to where nobody knows of them. That costs half as much as to protect them and to lift the
 * protection, and they are at hand while the address is in quarantine. False if that is not possible.
 */
static bool move(const struct large *large, size_t used, struct large *park)
{
    if (atomic_load_explicit(&moves_fail, memory_order_relaxed) || !may_be_walled() ||
        !map_with_room(used, park))
        return false;
    char *first = first_page(park);
    if (!map_move_pages(first_page(large), first, used)) {
        if (map_lost_destination())
            atomic_store_explicit(&moves_fail, true, memory_order_relaxed);
        release_after_move(park, first, used);
        return false;
    }
    note_kept(park, used);
    park->use = large->use;
    atomic_fetch_add_explicit(&total_bytes, park->bytes, memory_order_relaxed);
    large_mapping_make_park(park);
    park->end = park->block + used;
    return true;
}

void large_mapping_make_park(struct large *large)
{
    large->block = large->end = large->map + constants.page_size;
    large->park = large->walled = true;
    atomic_fetch_add_explicit(&walled, 1, memory_order_relaxed);
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
    large->reach = NULL;
    forget_guards(large); /* there is nothing left to guard */
    forget_kept(large);
    return true;
}

bool large_mapping_close(struct large *large, struct large *park)
{
    size_t used = zero_what_is_kept(large), to = data_bytes(large);
    bool stays = used <= STAYING_MOST * constants.page_size;
    park->map = NULL;
    if (stays && used != 0) {
        to = keep_last(large, used);
    } else if (!stays && !move(large, used, park)) {
        park->map = NULL;
        used = 0;
    }
    if (used == 0 || !shut(large, used, to))
        return large_mapping_blank(large);
    forget_guards(large);
    if (stays)
        note_kept(large, used + (to < data_bytes(large) ? constants.page_size : 0));
    return true;
}

size_t large_mapping_trim(void)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < SPARES; i++) {
        uint64_t taken = atomic_exchange(&spares[i], 0);
        release_spare(taken);
        bytes += spare_bytes(taken);
    }
    return bytes;
}

size_t large_mapping_spare(void)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < SPARES; i++)
        bytes += spare_bytes(atomic_load(&spares[i]));
    return bytes;
}

size_t large_mapping_kept(void)
{
    return atomic_load_explicit(&kept_bytes, memory_order_relaxed);
}

/* Threads may lose each other's peak. */
void large_mapping_note_live(size_t more, size_t less)
{
    size_t live = atomic_fetch_add_explicit(&live_bytes, more - less, memory_order_relaxed) + more - less;
    if (live > atomic_load_explicit(&live_peak, memory_order_relaxed))
        atomic_store_explicit(&live_peak, live, memory_order_relaxed);
}

size_t large_mapping_kept_most(size_t wanted)
{
    size_t live = atomic_load_explicit(&live_bytes, memory_order_relaxed) + wanted;
    size_t peak = atomic_load_explicit(&live_peak, memory_order_relaxed);
    size_t share = max_size(large_mapping_total() >> KEPT_SHIFT, peak > live ? peak - live : 0);
    return large_mapping_within_limit(max_size(KEPT_LEAST, min_size(share, KEPT_MOST)));
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

void large_mapping_recycle(struct large *large)
{
    put_spare(large->map, large->bytes);
    forget(large);
}

static void give_back_room(struct large *large)
{
    char *end = large->end + constants.page_size;
    size_t room = (size_t)(map_end(large) - end);
    if (room == 0)
        return;
    map_release(end, room);
    large->bytes -= room;
    if (large->reach > map_end(large))
        large->reach = map_end(large);
    atomic_fetch_sub_explicit(&total_bytes, room, memory_order_relaxed);
}

bool large_mapping_reuse(size_t alignment, size_t size, struct large *large)
{
    char *accessible = large->end, *end = large->block + round_up(size, constants.page_size);
    forget_kept(large);
    large->park = false;
    large->end = end;
    large->block = place_block(large, alignment, size);
    if (!is_roomy())
        give_back_room(large);
    if (end > accessible)
        return map_protect(accessible, (size_t)(end - accessible), PROT_READ | PROT_WRITE);
    size_t surplus =
        accessible > map_end(large) ? (size_t)(map_end(large) - end) : (size_t)(accessible - end);
    return surplus == 0 || map_protect(end, surplus, PROT_NONE);
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

/* What becomes part of the block is made accessible; what is part of it no longer loses its contents. */
static bool move_wall(struct large *large, char *end)
{
    if (end > large->end)
        return map_protect(large->end, (size_t)(end - large->end), PROT_READ | PROT_WRITE);
    return end == large->end || map_blank(end, (size_t)(large->end - end));
}

static bool move_guard(struct large *large, char *end)
{
    if (end > large->end)
        return guard_narrow(large->end, (size_t)(end - large->end));
    return end == large->end || extend_guard(large, end);
}

bool large_mapping_resize(struct large *large, size_t size)
{
    char *end = (char *)round_up((uintptr_t)large->block + size, constants.page_size);
    if (end > map_end(large) - constants.page_size)
        return false;
    if (large->walled ? move_wall(large, end) : move_guard(large, end))
        large->end = end;
    else if (end > large->end)
        return false;
    large->size = size;
    return true;
}

bool large_mapping_prepare_move(const struct large *large, size_t size, struct large *moved)
{
    size_t page = constants.page_size;
    size_t offset = (uintptr_t)large->block % page;
    size_t data = round_up(offset + size, page);
    size_t spare = round_up(min_size(size >> GROWTH_SHIFT, GROWTH_MOST), page);
    if (offset + size < size || data < data_bytes(large))
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
    if (!map_move(data, first_page(moved), data_bytes(large))) {
        release_after_move(moved, first_page(moved), data_bytes(large));
        forget(moved);
        return false;
    }
    install_guard(moved, moved->map, first_page(moved));
    install_guard(moved, moved->end, map_end(moved));
    map_release(large->map, (size_t)(data - large->map));
    map_release(large->end, (size_t)(map_end(large) - large->end));
    forget(large);
    return true;
}
