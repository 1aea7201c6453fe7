/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * canaries: the bytes from the end of the requested size to the end of the slot hold a secret that is
 * verified on free and realloc. At least 8 bytes of it stand behind every block that does not end at a guard
 * page.
 *
 * The word depends on where the block ends and on the kind of the allocation (kind.h): it differs from slot
 * to slot and with the size, so that neither a canary that was read elsewhere nor a changed size passes. Its
 * second byte is zero, which stops a string that is read past its end before it tells more than one byte of
 * the secret. (Not the first one: a string's terminator written one byte past the block must not go unseen.)
 */
#ifndef CANARY_H
#define CANARY_H

#include "constants.h"
#include "kind.h"
#include "vec.h"

/* The upper bits of the product depend on all of the address, so the lower ones are mixed with them. */
static ALWAYS_INLINE uint64_t canary_mixed(const char *end, enum allocation_kind kind)
{
    uint64_t mixed = ((uintptr_t)end ^ constants.canary.secret) * constants.canary.multiplier;
    mixed ^= mixed >> 40 | mixed << 24;
    return (mixed | constants.canary.set) ^ kind_pattern(kind);
}

static ALWAYS_INLINE uint64_t canary_word(const char *end, enum allocation_kind kind)
{
    return canary_mixed(end, kind) & ~PATTERN_CLEAR;
}

/* Where the window on the n-th vector from the end of a slot is, the last one being the first. With n *
 * VEC_BYTES up to CANARY_WINDOW, as the slack may be. */
static ALWAYS_INLINE size_t canary_at(size_t slack, unsigned n)
{
    return CANARY_WINDOW - n * VEC_BYTES + slack;
}

static ALWAYS_INLINE const void *canary_mask(size_t slack, unsigned n)
{
    return constants.canary.window + canary_at(slack, n);
}

/* That vector, of the word mixed for the block; zero where the block is. */
static ALWAYS_INLINE vec canary_vector(uint64_t mixed, size_t slack, unsigned n)
{
    return vec_and(vec_repeat(mixed), vec_load(constants.canary.bits_window + canary_at(slack, n)));
}

/* Canaries of any length in slots of any size. */
void canary_write_long(char *slot, size_t usable, size_t slack, enum allocation_kind kind);
bool canary_intact_long(const char *slot, size_t usable, size_t slack, enum allocation_kind kind);

/* Write the canary of a block with that slack; the block's own bytes keep their values. */
static ALWAYS_INLINE void canary_write(char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    const char *start = slot + usable - slack;
    char *at = slot + usable - VEC_BYTES;
    if (unlikely(usable < VEC_BYTES)) {
        canary_write_long(slot, usable, slack, kind);
        return;
    }
    if (slack > VEC_BYTES) {
        vec word = vec_repeat(canary_word(start, kind));
        for (; slack > VEC_BYTES; slack -= VEC_BYTES, at -= VEC_BYTES)
            vec_store(at, word);
        at[VEC_BYTES + 1 - slack] = 0; /* it may be the next vector's */
    }
    vec block = vec_andnot(vec_load(canary_mask(slack, 1)), vec_load(at));
    vec_store(at, vec_or(block, canary_vector(canary_mixed(start, kind), slack, 1)));
}

static ALWAYS_INLINE bool canary_intact(const char *slot, size_t usable, size_t slack,
                                        enum allocation_kind kind)
{
    const char *start = slot + usable - slack, *at = slot + usable - VEC_BYTES;
    if (unlikely(usable < VEC_BYTES ||
                 slack % VEC_BYTES == 1)) /* the zero is in another vector than the start */
        return canary_intact_long(slot, usable, slack, kind);
    vec difference = vec_repeat(0);
    if (slack > VEC_BYTES) {
        vec word = vec_repeat(canary_word(start, kind));
        for (; slack > VEC_BYTES; slack -= VEC_BYTES, at -= VEC_BYTES)
            difference = vec_or(difference, vec_xor(vec_load(at), word));
    }
    vec first = vec_xor(vec_load(at), canary_vector(canary_mixed(start, kind), slack, 1));
    return likely(vec_is_zero(difference) && vec_is_zero_under(first, canary_mask(slack, 1)));
}

/* The kind that the canary is whole for, of all if the check is in force; KIND_COUNT if it is damaged. */
enum allocation_kind canary_kind(const char *slot, size_t usable, size_t slack);

/* First damaged byte, counted from the end of the block; and how many bytes from there to the last damaged
 * one. */
size_t canary_first_damage(const char *slot, size_t usable, size_t slack, size_t *count);

/* The slack for which the canary that is there is whole, or 0: what the state word should say. Not for slots
 * that end at a guard page, whose canaries may be too short to tell. */
size_t canary_find_slack(const char *slot, size_t usable);

#endif
