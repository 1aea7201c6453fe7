/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Regions: the part of a class's address range that is mapped. It grows in place, with guard pages punched
 * into it at random places, and hands out runs from its frontier.
 */
#ifndef REGION_H
#define REGION_H

#include "platform.h"

struct heap;
struct run;

/*
 * The next run of the class beyond the frontier, mapped and with its free slots in the bitmap, owned by that
 * heap. NULL when the range or the memory is exhausted.
 */
struct run *region_next_run(unsigned class, struct heap *heap);

/*
 * Unmap the extents of the class that are free altogether and owned by the heap, for address space that
 * something else needs more. Their runs stay in the heap's list, marked absent. Returns how many bytes.
 */
size_t region_release(unsigned class, struct heap *heap);

/* Map the extent of an absent run again. False if there is no memory: the run stays absent. */
bool region_restore(struct run *run, struct heap *heap);

/*
 * Lift guards that are mappings, in runs of the class that the heap owns, until so many are gone or none is
 * left: the process has run out of mappings. Returns how many.
 */
unsigned region_lift_guards(unsigned class, const struct heap *heap, unsigned most);

/* Slots of the class handed to heaps so far, from slot 0 on. Runs beyond it are not active. */
uint32_t region_frontier(unsigned class);

/* Bytes of address space mapped for the class; of these, bytes of extents in which no block lives. */
size_t region_mapped(unsigned class);
size_t region_unused(unsigned class);

void region_fork_child(void);

#endif
