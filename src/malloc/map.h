/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Address space from the kernel. All of it keeps errno, so that callers may be anywhere inside free(). */
#ifndef MAP_H
#define MAP_H

#include "platform.h"

/* Anonymous private memory, zeroed; NULL when the kernel gives none. Addresses and lengths are multiples of a
 * page. */
void *map_anywhere(size_t bytes, int protection);

/* The same at exactly that address; false if anything is there already or the kernel gives none. */
bool map_at(void *address, size_t bytes, int protection);

/* Whether the last map_at() of this thread failed because something else is there. */
bool map_was_occupied(void);

bool map_release(void *address, size_t bytes);

/*
 * Give the pages back to the kernel; they read as zero afterwards. False if the kernel refuses, as it does
 * from the first locked page on: those before it have gone then.
 */
bool map_discard(void *address, size_t bytes);

bool map_protect(void *address, size_t bytes, int protection);

/*
 * Put inaccessible memory in the place of what is mapped there: no pages, and nothing that would count
 * against a limit but that on address space. Works on locked memory too. Zeroed when it is made accessible
 * again.
 */
bool map_blank(void *address, size_t bytes);

/* Whether the kernel gives the process a few more mappings (vm.max_map_count). */
bool map_has_mappings_left(void);

/* No more mapping, unmapping or protecting there, for good (mseal(2), Linux 6.10). Best effort. */
void map_seal(const void *address, size_t bytes);

/* Whether there was a seccomp filter when the first mapping was sealed. */
bool map_was_confined(void);

/*
 * Move `bytes` of pages from one place over what is mapped at another, without copying; the source is
 * unmapped. False if the kernel refuses; then nothing has changed.
 */
bool map_move(void *from, void *to, size_t bytes);

/* The same, and the source stays mapped, without pages. Linux 5.7. */
bool map_move_pages(void *from, void *to, size_t bytes);

/* Whether the last move of this thread failed and its destination may be somebody else's by now: it must be
 * left alone. */
bool map_lost_destination(void);

#endif
