/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "canary.h"

#include "state.h"

#include <string.h>

#define ONES 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
const uint8_t canary_window[2 * 32] = {[32] = ONES, [40] = ONES, [48] = ONES, [56] = ONES};
#define KEEP (~(PATTERN_SET | PATTERN_CLEAR))
const uint64_t canary_tail_keep[4] = {KEEP, KEEP, KEEP, KEEP &UINT64_MAX >> 8};
const uint64_t canary_tail_set[4] = {PATTERN_SET, PATTERN_SET, PATTERN_SET, PATTERN_SET &UINT64_MAX >> 8};

/* The byte at that offset of the slot. */
static inline uint8_t canary_byte(uint64_t word, size_t offset, size_t usable, size_t slack)
{
    if (offset == usable - 1 && slack > 1)
        return 0;
    return (uint8_t)(word >> (offset % 8 * 8));
}

/* The last word of a slot. */
static inline uint64_t last_word(uint64_t word, size_t slack)
{
    return word & (UINT64_MAX >> (slack > 1 ? 8 : 0));
}

/* Of the word in which the block ends: the bits that are canary. */
static inline uint64_t first_mask(size_t start)
{
    return UINT64_MAX << (start % 8 * 8);
}

/* Slots are whole words long: the first word of the canary may be shared with the block, the last one ends
 * with the zero. */
void canary_write_long(char *slot, size_t usable, size_t slack)
{
    if (slack == 0)
        return;
    uint64_t word = canary_word(slot, slack), there;
    size_t at = round_down(usable - slack, 8), last = usable - 8;
    uint64_t mask = first_mask(usable - slack);
    memcpy(&there, slot + at, 8);
    there = (there & ~mask) | (word & mask);
    memcpy(slot + at, &there, 8);
    for (at += 8; at + VEC_BYTES <= usable; at += VEC_BYTES)
        vec_store(slot + at, vec_repeat(word));
    for (; at < usable; at += 8)
        memcpy(slot + at, &word, 8);
    memcpy(&there, slot + last, 8);
    there &= slack > 1 ? UINT64_MAX >> 8 : UINT64_MAX;
    memcpy(slot + last, &there, 8);
}

static bool is_intact(const char *slot, size_t usable, size_t slack, uint64_t word)
{
    if (slack == 0)
        return true;
    uint64_t there;
    size_t at = round_down(usable - slack, 8), last = usable - 8;
    uint64_t expected = at == last ? last_word(word, slack) : word;
    memcpy(&there, slot + at, 8);
    uint64_t damage = (there ^ expected) & first_mask(usable - slack);
    vec difference = vec_repeat(0);
    for (at += 8; at + VEC_BYTES <= last; at += VEC_BYTES)
        difference = vec_or(difference, vec_xor(vec_load(slot + at), vec_repeat(word)));
    for (; at < last; at += 8) {
        memcpy(&there, slot + at, 8);
        damage |= there ^ word;
    }
    if (at == last) {
        memcpy(&there, slot + last, 8);
        damage |= there ^ last_word(word, slack);
    }
    return damage == 0 && vec_is_zero(difference);
}

bool canary_intact_long(const char *slot, size_t usable, size_t slack)
{
    return is_intact(slot, usable, slack, canary_word(slot, slack));
}

bool canary_intact_as(const char *slot, size_t usable, size_t slack, uint8_t pattern)
{
    return is_intact(slot, usable, slack, canary_word(slot, slack) ^ pattern * UINT64_C(0x0101010101010101));
}

size_t canary_first_damage(const char *slot, size_t usable, size_t slack, size_t *count)
{
    uint64_t word = canary_word(slot, slack);
    size_t first = usable, last = 0;
    for (size_t i = usable - slack; i < usable; i++)
        if ((uint8_t)slot[i] != canary_byte(word, i, usable, slack)) {
            if (first == usable)
                first = i;
            last = i;
        }
    *count = first < usable ? last - first + 1 : 0;
    return first - (usable - slack);
}

size_t canary_find_slack(const char *slot, size_t usable)
{
    for (size_t slack = CANARY_MINIMUM; slack <= min_size(usable, SLACK_MAX); slack++)
        if (canary_intact_long(slot, usable, slack))
            return slack;
    return 0;
}
