/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is left of freed large blocks: a quarantine of the addresses of the last few, which are inaccessible;
 * and a cache of parks, which hold the pages that they had (large_mapping.h), for a few seconds.
 */
#ifndef LARGE_CACHE_H
#define LARGE_CACHE_H

#include "large_table.h"

/* Put a closed block into the quarantine which is FREED in the table. What leaves it is unmapped. */
void large_cache_quarantine(const struct large *freed);

/* Put a park into the cache, or release it if there is no room. */
void large_cache_park(struct large *park);

/* The park that fits a request best, out of cache and table. False if there is none. Alignments past a page
 * are not looked for. */
bool large_cache_take(size_t alignment, size_t size, struct large *found);

/* A block of that size is to be made of new pages: give back parks that the process would become larger by
 * than it has been. */
void large_cache_make_way(size_t wanted);

/* Unmap all that is cached, and if `quarantined` what is in quarantine too. Returns whether there was any. */
bool large_cache_trim(bool quarantined);

/* The time that a block is freed at, for large->freed_at. */
uint32_t large_cache_now(void);

#endif
