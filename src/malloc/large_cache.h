/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Freed large blocks: a quarantine of the last few, then a cache of address space for reuse. All of them are
 * inaccessible. The pages of the smaller ones are zeroed and kept, within a bound and for a few seconds,
 * because faulting a page in again costs more than that; the rest, and what is kept longer, goes back to the
 * kernel. The caller holds large.c's lock unless it says so.
 */
#ifndef LARGE_CACHE_H
#define LARGE_CACHE_H

#include "large_table.h"

/* At most this many mappings leave at once. */
#define LARGE_CACHE_GONE 4u

/*
 * Make a block that is being freed inaccessible; sets kept. False if the kernel refuses: it is to be unmapped
 * at once. Without the lock: the block is in the caller's hands.
 */
bool large_cache_close(struct large *large);

/* Put a freed block into the quarantine. Mappings that leave the cache for it go to gone[]; returns how many.
 */
uint32_t large_cache_put(struct large *freed, struct large gone[LARGE_CACHE_GONE]);

/*
 * The freed block whose address space fits a request best, out of cache and table. False if there is none.
 * Alignments past a page are not looked for.
 */
bool large_cache_take(size_t alignment, size_t size, struct large *found);

/* Take one out, oldest first, of the cache and then if `quarantined` of the quarantine too; false when they
 * are empty. */
bool large_cache_pop(bool quarantined, struct large *gone);

#endif
