/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory for the allocator's own data, but for the tables of slots (slot_table.h): one range that grows in
 * place, far from every block, handed out once and never taken back (what can be reused is kept by whoever
 * asked for it).
 *
 * A second, small range is wiped by the kernel in forked children; generators of random bytes live there.
 */
#ifndef METADATA_H
#define METADATA_H

#include "platform.h"

#define METADATA_UNIT ((size_t)64)

/* Map the range at `address`, a page, with so many bytes from the start. Returns where it begins, with a
 * guard page that nothing is in; NULL if it cannot be had. */
char *metadata_start(uintptr_t address, size_t initial);

/* Whether the last metadata_start() failed because something else is at that address. */
bool metadata_was_occupied(void);

/* Zeroed memory, aligned to `alignment` (a power of two up to a page); NULL when the kernel gives no more.
 * Thread-safe. */
void *metadata_allocate(size_t bytes, size_t alignment);

/* The same from the range that is wiped on fork. */
void *metadata_allocate_wiped(size_t bytes, size_t alignment);

/* Bytes of address space mapped for both, and for the tables of slots. */
size_t metadata_mapped(void);

/* Whether this is a child whose fork nobody told us of (_Fork, clone): the wiped range lost its mark. */
bool metadata_was_wiped(void);

void metadata_fork_child(void);

#endif
