/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * canaries: the bytes from the end of the requested size to the end of the slot hold a secret that is
 * verified on free and realloc. At least 8 bytes of it stand behind every block that does not end at a guard
 * page.
 *
 * The word differs from slot to slot and with the slack, so that neither a canary that was read elsewhere nor
 * a changed size passes. The last byte of the slot is zero, which stops a string read that ran off the block
 * before it reaches the next slot.
 */
#ifndef CANARY_H
#define CANARY_H

#include "constants.h"
#include "vec.h"

/*
 * Canaries and poison hold bytes from 0x80 to 0x9f and 0xc0 to 0xdf only: never zero, ASCII or 0xff, which
 * stray writes most often are, so that these are found with certainty and not with probability 255/256. Six
 * bits a byte stay secret.
 */
#define PATTERN_SET   UINT64_C(0x8080808080808080)
#define PATTERN_CLEAR UINT64_C(0x2020202020202020)

/* The masks of a canary word four times over, with a zero for the last byte. */
extern const uint64_t canary_tail_keep[4], canary_tail_set[4];

/* A window on this at 32 - n selects the last n bytes of a vector. */
extern const uint8_t canary_window[2 * 32];

static ALWAYS_INLINE uint64_t canary_mix(const char *slot, size_t slack)
{
    uint64_t unique = (uintptr_t)slot ^ (uint64_t)slack << 32;
    uint64_t mixed = (unique ^ constants.canary_secret) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 32;
}

static ALWAYS_INLINE uint64_t canary_word(const char *slot, size_t slack)
{
    return (canary_mix(slot, slack) | PATTERN_SET) & ~PATTERN_CLEAR;
}

/* The last 32 bytes of a slot as they would be if all were canary, which must be of more than one byte. */
static ALWAYS_INLINE vec canary_tail_long(const char *slot, size_t slack)
{
    vec mixed = vec_repeat(canary_mix(slot, slack));
    return vec_or(vec_and(mixed, vec_load(canary_tail_keep)), vec_load(canary_tail_set));
}

/* The same. A canary of a single byte is no place for the zero: a string's terminator one past its end must
 * not go unseen. */
static ALWAYS_INLINE vec canary_tail(const char *slot, size_t slack)
{
    return likely(slack > 1) ? canary_tail_long(slot, slack) : vec_repeat(canary_word(slot, slack));
}

static ALWAYS_INLINE vec canary_mask(size_t slack)
{
    return vec_load(canary_window + slack);
}

/* Canaries longer than a vector, in slots of the coarser classes. */
void canary_write_long(char *slot, size_t usable, size_t slack);
bool canary_intact_long(const char *slot, size_t usable, size_t slack);

/* Whether it is whole if each byte of it, but for the final zero, differs by that pattern (new_delete.h). */
bool canary_intact_as(const char *slot, size_t usable, size_t slack, uint8_t pattern);

/* Write the canary of a block with that slack; the block's own bytes keep their values. */
static ALWAYS_INLINE void canary_write(char *slot, size_t usable, size_t slack)
{
    if (unlikely(slack > VEC_BYTES || usable < VEC_BYTES)) {
        canary_write_long(slot, usable, slack);
        return;
    }
    char *end = slot + usable - VEC_BYTES;
    vec there = vec_load(end);
    vec_store(end, vec_xor(there, vec_and(vec_xor(there, canary_tail(slot, slack)), canary_mask(slack))));
}

static ALWAYS_INLINE bool canary_intact(const char *slot, size_t usable, size_t slack)
{
    if (unlikely(slack > VEC_BYTES || usable < VEC_BYTES))
        return canary_intact_long(slot, usable, slack);
    const char *end = slot + usable - VEC_BYTES;
    return likely(vec_is_zero(vec_and(vec_xor(vec_load(end), canary_tail(slot, slack)), canary_mask(slack))));
}

/* First damaged byte, counted from the end of the block; and how many bytes from there to the last damaged
 * one. */
size_t canary_first_damage(const char *slot, size_t usable, size_t slack, size_t *count);

/* The slack for which the canary that is there is whole, or 0: what the state word should say. Not for slots
 * that end at a guard page, whose canaries may be too short to tell. */
size_t canary_find_slack(const char *slot, size_t usable);

#endif
