/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The mapping of one large block: which of it is accessible, the guards, and the pages that a freed block
 * keeps.
 *
 *   map                                                                     map + bytes
 *   | guard | (rest of the page) block ............................ canary | guard |
 *
 * Guards are what is inaccessible of the mapping, which takes one system call where guards of their own take
 * three, but also two more mappings; so there may be only so many of these walls, and the rest have guards of
 * their own (guard.h).
 *
 * Pages that were touched are zeroed when a block is freed and kept, within a bound, because faulting a page
 * in again costs more than that. A few stay where they are until the block leaves quarantine; many move to a
 * mapping at another address at once. Either way they end up in a park, which becomes the mapping of a new
 * block as it is.
 */
#ifndef LARGE_MAPPING_H
#define LARGE_MAPPING_H

#include "large_table.h"

/* How much address space the process may have, SIZE_MAX: all that there is. */
void large_mapping_start(size_t address_space);

/* Inaccessible address space for a block; sets its mapping, address and end. False if there is none. */
bool large_mapping_new(size_t alignment, size_t size, struct large *large);

/* The same in a park, whose pages are accessible. The alignment is at most a page; it is large enough. False
 * if the kernel refuses to close what is not needed of it: it can only be released then. */
bool large_mapping_reuse(size_t alignment, size_t size, struct large *large);

/* Make the block accessible, zeroed, between guards. False if the kernel refuses. */
bool large_mapping_open(struct large *large);

/* Make all of it inaccessible; its contents are gone from then on. False if the kernel refuses. park->map is
 * NULL if no pages were kept; else it is the mapping that they moved to. */
bool large_mapping_close(struct large *large, struct large *park);

/* The same, and no page is kept. */
bool large_mapping_blank(struct large *large);

/* Let the block end at another size, without moving it. False if that is not possible. */
bool large_mapping_resize(struct large *large, size_t size);

/*
 * Address space for the block as it is to be, all accessible, at the same offset in a page and with room to
 * grow if there is any; then, the pages of the block into it and what is left of the old mapping back to the
 * system. False if the kernel refuses: nothing has changed then.
 */
bool large_mapping_prepare_move(const struct large *large, size_t size, struct large *moved);
bool large_mapping_move(struct large *large, struct large *moved);

/* What leaves quarantine with the pages that it kept. */
void large_mapping_make_park(struct large *large);

/* Unmap it, whatever state it is in; or keep the address space of a closed one at hand for a park. */
void large_mapping_release(struct large *large);
void large_mapping_recycle(struct large *large);

/* So many bytes, or what may be had of address space where that is limited (RLIMIT_AS). */
size_t large_mapping_within_limit(size_t bytes);

/* Bytes of address space at hand for a park; unmap it, and return how much that was. */
size_t large_mapping_spare(void);
size_t large_mapping_trim(void);

/* Bytes of live blocks, as asked for: so many more and so many less. */
void large_mapping_note_live(size_t more, size_t less);

/* Bytes of pages in parks, and how many there may be while blocks of so many bytes more are to live; bytes of
 * address space that all have. */
size_t large_mapping_kept(void);
size_t large_mapping_kept_most(size_t wanted);
size_t large_mapping_total(void);

#endif
