/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tables of state words and runs (slot.h): where they are, and how much of them is mapped. They grow with
 * the class, and never shrink or move.
 */
#ifndef SLOT_TABLE_H
#define SLOT_TABLE_H

#include "size_class.h"

struct random;

/* Slots from 0 on whose metadata each class has from the start, together with all others' on a few pages:
 * most classes of most processes never need more, and so no mapping and no page for themselves. */
#define SLOT_TABLE_FIRST 512u

/* So many slots of each class have metadata. Grows only. */
extern uint32_t slot_table_limits[CLASS_COUNT];

/* Bytes of address space between the tables of one class and the next, for ranges of 2^zone_shift bytes. */
static inline size_t slot_table_spacing(unsigned zone_shift)
{
    return (size_t)1 << (zone_shift - 3);
}

/* What the first slots of all classes need. */
size_t slot_table_first_bytes(void);

/* Place the tables of all classes: the first slots' in `first`, zeroed, the rest's from `address` on, at
 * random distances. */
void slot_table_start(struct random *random, char *first, uintptr_t address);

/* See to it that so many slots have metadata, from slot 0 on. False if the kernel gives no memory. Right, if
 * not as quick, when two threads are at it. */
bool slot_table_extend(unsigned class, uint64_t slots);

/* Bytes of address space that the tables have. */
size_t slot_table_mapped(void);

#endif
