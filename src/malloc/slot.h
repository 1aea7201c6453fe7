/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From a pointer to its slot and back, and from a slot to what is known about it.
 *
 * The address space, with the class read straight off the pointer:
 *
 *   zone_base                   + 2^zone_shift                                       (elsewhere)
 *   |  class 0  ...unmapped...  |  class 1:  random gap | slots, growing -> | ...  | each class's tables |
 *
 * A class's slots are one flat array from `base`, and so is what is known of them: the state words upwards
 * from one address, and downwards from it the runs, one for 64 slots:
 *
 *   | <- runs, growing  | run 1 | run 0 | state of slot 0 | of slot 1 | ...  growing -> |
 *
 * Each class has two such pairs of tables (slot_table.h): one for the first slots, which stands close to that
 * of the other classes so that a small process has all it needs on a few pages; and one for all others, which
 * begins at slot 0 as well.
 */
#ifndef SLOT_H
#define SLOT_H

#include "constants.h"
#include "run.h"
#include "slot_table.h"
#include "state.h"

/* Bytes of the class's address range from its base. */
static ALWAYS_INLINE uint64_t slot_span(const struct size_class *class)
{
    return (uint64_t) class->slots * class->stride;
}

static ALWAYS_INLINE char *slot_address(const struct size_class *class, uint32_t slot)
{
    return class->base + slot * class->stride;
}

/* Whether anything is known of a slot with that number: where it is not, none has ever been handed out. */
static ALWAYS_INLINE bool slot_exists_in(unsigned c, uint64_t slot)
{
    return slot < __atomic_load_n(&slot_table_limits[c], __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool slot_exists(const struct size_class *class, uint64_t slot)
{
    return slot_exists_in(class_index(class), slot);
}

/* Where the slot's tables begin. */
static ALWAYS_INLINE state_word *slot_states(const struct size_class *class, uint32_t slot)
{
    return slot < SLOT_TABLE_FIRST ? class->first : class->rest;
}

/* Of a slot that exists. */
static ALWAYS_INLINE state_word *slot_state(const struct size_class *class, uint32_t slot)
{
    return slot_states(class, slot) + slot;
}

/* Of a slot that exists. It need not have been handed to anybody: then it is zero. */
static ALWAYS_INLINE struct run *slot_run(const struct size_class *class, uint32_t slot)
{
    return (struct run *)(void *)slot_states(class, slot) - 1 - (slot >> class_run_shift(class));
}

/* Slot number of an offset from the class's base; exact for offsets below 2^46 (see class_reciprocal()). */
static ALWAYS_INLINE uint32_t slot_of_offset(const struct size_class *class, uint64_t offset)
{
    return (uint32_t)(((unsigned __int128)offset * class->reciprocal) >> 64);
}

/*
 * The same, and whether a slot begins there. With reciprocal * stride = 2^64 + e the product's lower half is
 * slot * e + remainder * reciprocal, where slot * e < 2^46 < reciprocal: less than the reciprocal if and only
 * if nothing remains (D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation", 2019).
 */
static ALWAYS_INLINE bool slot_begins(const struct size_class *class, uint64_t offset, uint64_t *slot)
{
    unsigned __int128 product = (unsigned __int128)offset * class->reciprocal;
    *slot = (uint64_t)(product >> 64);
    return (uint64_t)product < class->reciprocal;
}

/* The class whose range holds the address, or a number >= CLASS_COUNT. */
static ALWAYS_INLINE size_t class_of_address(const void *address)
{
    return ((uintptr_t)address - constants.zone_base) >> constants.zone_shift;
}

#endif
