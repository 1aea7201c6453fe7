/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * canaries: the bytes from the end of the requested size to the end of the slot hold a secret that is
 * verified on free and realloc. At least 8 bytes of it stand behind every block that does not end at a guard
 * page.
 *
 * The word differs from slot to slot, with the slack, and with the kind of the allocation (kind.h), so that
 * neither a canary that was read elsewhere nor a changed size passes. Its second byte is zero, which stops a
 * string that is read past its end before it tells more than one byte of the secret. (Not the first one: a
 * string's terminator written one byte past the block must not go unseen.)
 */
#ifndef CANARY_H
#define CANARY_H

#include "constants.h"
#include "kind.h"
#include "vec.h"

/*
 * Canaries and poison hold bytes from 0x80 to 0x9f and 0xc0 to 0xdf only: never zero, ASCII or 0xff, which
 * stray writes most often are, so that these are found with certainty and not with probability 255/256. Six
 * bits a byte stay secret.
 */
#define PATTERN_SET   UINT64_C(0x8080808080808080)
#define PATTERN_CLEAR UINT64_C(0x2020202020202020)

/* Windows on these at `slack` select, of the last vector of a slot, the canary; and the canary but its zero.
 */
extern const uint8_t canary_window[2 * 32], canary_shape_window[2 * 32];

static ALWAYS_INLINE uint64_t canary_word(const char *slot, size_t slack, enum allocation_kind kind)
{
    uint64_t unique = (uintptr_t)slot ^ (uint64_t)slack << 32;
    uint64_t mixed = (unique ^ constants.canary_secret) * UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 32;
    return ((mixed | PATTERN_SET) & ~PATTERN_CLEAR) ^ kind_pattern(kind);
}

static ALWAYS_INLINE vec canary_mask(size_t slack)
{
    return vec_load(canary_window + slack);
}

/* The last vector of a slot with that slack, zero where the block is. slack <= VEC_BYTES. */
static ALWAYS_INLINE vec canary_vector(const char *slot, size_t slack, enum allocation_kind kind)
{
    return vec_and(vec_repeat(canary_word(slot, slack, kind)), vec_load(canary_shape_window + slack));
}

/* Canaries of any length in slots of any size. */
void canary_write_long(char *slot, size_t usable, size_t slack, enum allocation_kind kind);
bool canary_intact_long(const char *slot, size_t usable, size_t slack, enum allocation_kind kind);

/* Write the canary of a block with that slack; the block's own bytes keep their values. */
static ALWAYS_INLINE void canary_write(char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    if (unlikely(slack > VEC_BYTES || usable < VEC_BYTES)) {
        canary_write_long(slot, usable, slack, kind);
        return;
    }
    char *end = slot + usable - VEC_BYTES;
    vec block = vec_andnot(canary_mask(slack), vec_load(end));
    vec_store(end, vec_or(block, canary_vector(slot, slack, kind)));
}

static ALWAYS_INLINE bool canary_intact(const char *slot, size_t usable, size_t slack,
                                        enum allocation_kind kind)
{
    if (unlikely(slack > VEC_BYTES || usable < VEC_BYTES))
        return canary_intact_long(slot, usable, slack, kind);
    vec there = vec_and(vec_load(slot + usable - VEC_BYTES), canary_mask(slack));
    return likely(vec_is_zero(vec_xor(there, canary_vector(slot, slack, kind))));
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
