/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From a pointer to its slot and back, and from a slot to what is known about it.
 *
 * The address space, with the class read straight off the pointer:
 *
 *   zone_base                                       + 2^zone_shift                              metadata
 * (elsewhere) |  class 0  ...unmapped...  |  class 1:  random gap | slots, growing in place -> | ...  |
 * |run|states|run|states|...
 *
 * A class's slots are one flat array from `base`. Their metadata is kept per extent (2^extent_shift slots),
 * so that it need not be one array as well and little classes share pages: extents[] says where an extent's
 * begins. There, for each run of 64 slots, stands the struct run and behind it the 64 state words.
 */
#ifndef SLOT_H
#define SLOT_H

#include "constants.h"
#include "run.h"
#include "state.h"

#define RUN_METADATA_BYTES (sizeof(struct run) + RUN_SLOTS * sizeof(state_word))
#define EXTENT_UNIT        ((size_t)64)
#define EXTENT_ROW_SHIFT   7 /* CLASS_COUNT rounded up to a power of two */
_Static_assert(CLASS_COUNT <= 1 << EXTENT_ROW_SHIFT, "a row has a column for each class");

/* The class's entry for the extent in which the slot is. Rows go downwards (metadata.h). */
static ALWAYS_INLINE uint32_t *slot_extent_entry(const struct size_class *class, uint32_t slot)
{
    return class->extents - ((size_t)(slot >> class->extent_shift) << EXTENT_ROW_SHIFT);
}

static ALWAYS_INLINE char *slot_address(const struct size_class *class, uint32_t slot)
{
    return class->base + (size_t)slot * class->stride;
}

/* The metadata of the slot's extent; NULL if there is no such extent. */
static ALWAYS_INLINE char *slot_extent(const struct size_class *class, uint32_t slot)
{
    uint32_t at = *slot_extent_entry(class, slot);
    return likely(at != 0) ? constants.metadata + at * EXTENT_UNIT : NULL;
}

/* Bytes of an extent's metadata. */
static inline size_t slot_extent_metadata(const struct size_class *class)
{
    size_t runs =
        class->extent_shift <= RUN_SLOTS_SHIFT ? 1 : (size_t)1 << (class->extent_shift - RUN_SLOTS_SHIFT);
    return runs * RUN_METADATA_BYTES;
}

/* Whether a number read from the allocator's own records is a slot at all. */
static ALWAYS_INLINE bool slot_exists(const struct size_class *class, uint32_t slot)
{
    return slot < class->slots && *slot_extent_entry(class, slot) != 0;
}

static ALWAYS_INLINE uint32_t slot_in_extent(const struct size_class *class, uint32_t slot)
{
    return slot & ((1u << class->extent_shift) - 1);
}

static ALWAYS_INLINE struct run *slot_run(const struct size_class *class, uint32_t slot)
{
    char *extent = constants.metadata + *slot_extent_entry(class, slot) * EXTENT_UNIT;
    return (struct run *)(void *)(extent +
                                  (slot_in_extent(class, slot) >> RUN_SLOTS_SHIFT) * RUN_METADATA_BYTES);
}

static ALWAYS_INLINE state_word *extent_state(char *extent, uint32_t in)
{
    _Static_assert(sizeof(struct run) == RUN_SLOTS,
                   "so that its bytes before a state are those of whole runs");
    size_t runs_before = in & ~(RUN_SLOTS - 1);
    return (state_word *)(void *)(extent + runs_before + (size_t)in * sizeof(state_word) +
                                  sizeof(struct run));
}

static ALWAYS_INLINE state_word *slot_state(const struct size_class *class, uint32_t slot)
{
    char *extent = constants.metadata + *slot_extent_entry(class, slot) * EXTENT_UNIT;
    return extent_state(extent, slot_in_extent(class, slot));
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
static ALWAYS_INLINE bool slot_begins(const struct size_class *class, uint64_t offset, uint32_t *slot)
{
    unsigned __int128 product = (unsigned __int128)offset * class->reciprocal;
    *slot = (uint32_t)(product >> 64);
    return (uint64_t)product < class->reciprocal;
}

/* The class whose range holds the address, or a number >= CLASS_COUNT. */
static ALWAYS_INLINE size_t class_of_address(const void *address)
{
    return ((uintptr_t)address - constants.zone_base) >> constants.zone_shift;
}

#endif
