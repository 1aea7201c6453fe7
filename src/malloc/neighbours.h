/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * check-neighbours: when a block is freed, the slots on both sides of it are looked at. What is wrong in
 * front of it was written before its start (or behind the end of the block there), and nobody may ever free
 * that one.
 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "canary.h"
#include "slot.h"

/* Of a free neighbour so much is looked at, on the side where the block is. */
#define NEIGHBOURS_REACH (2 * VEC_BYTES)

/* Verify both neighbours of a slot whose own canary is whole. Reports what it finds; returns whether all was
 * well. */
bool neighbours_check(const struct size_class *class, uint32_t slot, const char *operation);

/* The same for the one in front alone, which is where an underflow goes. */
bool neighbours_check_before(const struct size_class *class, uint32_t slot, const char *operation);

/* Of a neighbour with that state, `near` being where those bytes of it begin. */
static ALWAYS_INLINE bool neighbours_one_is_whole(const struct size_class *class, state_word state,
                                                  const char *slot, const char *near, size_t reach,
                                                  enum allocation_kind kind)
{
    size_t usable = class->usable, slack = state_slack(state);
    if (state_is_live(state))
        return slack - CANARY_MINIMUM <= usable - CANARY_MINIMUM &&
               (likely(canary_intact(slot, usable, slack, kind)) ||
                canary_kind(slot, usable, slack) != KIND_COUNT);
    if (state != STATE_FREED) /* it may not even be accessible */
        return false;
    vec value = vec_repeat(constants.fill);
    vec difference =
        vec_or(vec_xor(vec_load(near), value), vec_xor(vec_load(near + reach - VEC_BYTES), value));
    return vec_is_zero(difference);
}

/*
 * Whether both neighbours of a live block's slot, of a class below CLASS_FIRST_PAGED, are without doubt as
 * they should be. For the fast path: if not, neighbours_check() finds out what is the matter. There are slots
 * below the limit; the kind is what the neighbours are most likely of.
 */
static ALWAYS_INLINE bool neighbours_are_whole(const struct size_class *class, uint32_t slot, uint32_t limit,
                                               const char *block, enum allocation_kind kind)
{
    unsigned shift = class_extent_shift(class);
    size_t usable = class->usable, reach = min_size(usable, NEIGHBOURS_REACH);
    if (unlikely((((slot - 1) ^ slot) | ((slot + 1) ^ slot)) >> shift != 0) || unlikely(slot + 1 >= limit))
        return false; /* in another extent, which may not be mapped */
    const state_word *before = slot_state(class, slot - 1), *behind = slot_state(class, slot + 1);
    return neighbours_one_is_whole(class, state_load(before), block - usable, block - reach, reach, kind) &&
           neighbours_one_is_whole(class, state_load(behind), block + usable, block + usable, reach, kind);
}

#endif
