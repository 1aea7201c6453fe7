/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Freed large blocks, all of them inaccessible: a quarantine of the last few, then a cache of address space
 * for reuse. The pages that they keep (large_mapping.h) go back to the kernel after a few seconds.
 */
#ifndef LARGE_CACHE_H
#define LARGE_CACHE_H

#include "large_table.h"

/* Put a closed block into the quarantine which is FREED in the table. What leaves the cache for it is
 * unmapped. */
void large_cache_put(const struct large *freed);

/*
 * The freed block whose address space fits a request best, out of cache and table. False if there is none.
 * Alignments past a page are not looked for.
 */
bool large_cache_take(size_t alignment, size_t size, struct large *found);

/* Unmap all that is cached, and if `quarantined` what is in quarantine too. Returns whether there was any. */
bool large_cache_trim(bool quarantined);

/* The time that a block is freed at, for large->freed_at. */
uint32_t large_cache_now(void);

#endif
