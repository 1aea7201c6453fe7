/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From a pointer to its slot and back, and from a slot to what is known about it.
 *
 * The address space, with the class read straight off the pointer:
 *
 *   zone_base                                       + 2^zone_shift                              metadata
 * (elsewhere) |  class 0  ...unmapped...  |  class 1:  random gap | slots, growing in place -> | ...  |
 * |...run 1|run 0|states|...
 *
 * A class's slots are one flat array from `base`. Their metadata is kept per extent (2^extent_shift slots),
 * so that it need not be one array as well and little classes share pages. There stand the state words of
 * the extent's slots, and before them, backwards, the struct run of each 64 of these. The table of extents
 * says where they are: an entry is what the address of slot 0's state word would be if the whole class's
 * stood there in a row.
 */
#ifndef SLOT_H
#define SLOT_H

#include "constants.h"
#include "run.h"
#include "state.h"

#define METADATA_UNIT    ((size_t)64)
#define EXTENT_ROW_SHIFT 7 /* CLASS_COUNT rounded up to a power of two */
_Static_assert(CLASS_COUNT <= 1 << EXTENT_ROW_SHIFT, "a row has a column for each class");

/* The class's entry for the extent in which the slot is. Rows go downwards (metadata.h). */
static ALWAYS_INLINE uintptr_t *slot_extent_entry(const struct size_class *class, uint32_t slot)
{
    return class->extents - ((size_t)(slot >> class->extent_shift) << EXTENT_ROW_SHIFT);
}

/* Bytes of the class's address range from its base. */
static ALWAYS_INLINE uint64_t slot_span(const struct size_class *class)
{
    return class->slots * class->stride;
}

static ALWAYS_INLINE char *slot_address(const struct size_class *class, uint32_t slot)
{
    return class->base + slot * class->stride;
}

/* Whether the extent in which the slot would be has ever been there. The slot must have room in the class. */
static ALWAYS_INLINE bool slot_has_extent(const struct size_class *class, uint32_t slot)
{
    return *slot_extent_entry(class, slot) != 0;
}

/* Bytes of an extent's metadata: of the runs, and of all. */
static inline size_t slot_extent_runs(const struct size_class *class)
{
    size_t runs =
        class->extent_shift <= RUN_SLOTS_SHIFT ? 1 : (size_t)1 << (class->extent_shift - RUN_SLOTS_SHIFT);
    return runs * sizeof(struct run);
}

static inline size_t slot_extent_metadata(const struct size_class *class)
{
    return slot_extent_runs(class) + round_up(sizeof(state_word) << class->extent_shift, METADATA_UNIT);
}

/* Whether a number read from the allocator's own records is a slot at all. */
static ALWAYS_INLINE bool slot_exists(const struct size_class *class, uint32_t slot)
{
    return slot < class->slots && slot_has_extent(class, slot);
}

static ALWAYS_INLINE uint32_t slot_in_extent(const struct size_class *class, uint32_t slot)
{
    return slot & ((1u << class->extent_shift) - 1);
}

/* What the table says of the slot: 0, or from what its state word is found. */
static ALWAYS_INLINE uintptr_t slot_states(const struct size_class *class, uint32_t slot)
{
    return *slot_extent_entry(class, slot);
}

static ALWAYS_INLINE state_word *slot_state_in(uintptr_t states, uint32_t slot)
{
    return (state_word *)states + slot;
}

/* The state word of a slot whose extent is there. */
static ALWAYS_INLINE state_word *slot_state(const struct size_class *class, uint32_t slot)
{
    return slot_state_in(slot_states(class, slot), slot);
}

static ALWAYS_INLINE struct run *slot_run_in(const struct size_class *class, uintptr_t states, uint32_t slot)
{
    uint32_t in = slot_in_extent(class, slot);
    return (struct run *)(void *)slot_state_in(states, slot - in) - 1 - (in >> RUN_SLOTS_SHIFT);
}

/* The run of a slot that has room in the class. Where there is no extent, one that reads as zero. */
static inline struct run *slot_run(const struct size_class *class, uint32_t slot)
{
    uintptr_t states = slot_states(class, slot);
    return likely(states != 0) ? slot_run_in(class, states, slot) : (struct run *)(void *)constants.metadata;
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
