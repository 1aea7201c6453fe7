/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory for the allocator's own data: one range that grows in place, far from every block and between
 * unmapped pages, handed out once and never taken back (what can be reused is kept by whoever asked for it).
 *
 * A second, small range is wiped by the kernel in forked children; generators of random bytes live there.
 */
#ifndef METADATA_H
#define METADATA_H

#include "platform.h"

/* Map the table of extents, to end at `address`, a page, and metadata from there on. False if it cannot be
 * had. */
bool metadata_start(uintptr_t address, size_t table_bytes, size_t initial);

/*
 * The table of extents lies below metadata and what is writable of it grows downwards: all of it can be read,
 * so that no pointer passed to free() can make us fault, but only what is in use counts as memory of the
 * process. Makes the entry writable; false if the kernel refuses.
 */
bool metadata_table_open(const void *entry);

/* Whether the last metadata_start() failed because something else is at that address. */
bool metadata_was_occupied(void);

/* Zeroed memory, aligned to `alignment` (a power of two up to a page); NULL when the kernel gives no more.
 * Thread-safe. */
void *metadata_allocate(size_t bytes, size_t alignment);

/* The same from the range that is wiped on fork. */
void *metadata_allocate_wiped(size_t bytes, size_t alignment);

/* Bytes of address space mapped for both. */
size_t metadata_mapped(void);

/* Whether this is a child whose fork nobody told us of (_Fork, clone): the wiped range lost its mark. */
bool metadata_was_wiped(void);

void metadata_fork_prepare(void);
void metadata_fork_parent(void);
void metadata_fork_child(void);

#endif
