/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "canary.h"

#include <string.h>

#include "state.h"

void canary_start(struct canary_constants *canary, struct random *random)
{
    canary->secret = random_word(random);
    canary->multiplier = random_word(random) | 1;
    canary->set = PATTERN_SET;
    memset(canary->window + CANARY_WINDOW, 0xff, CANARY_WINDOW);
    memset(canary->bits_window + CANARY_WINDOW, (uint8_t)~PATTERN_CLEAR, CANARY_WINDOW);
    canary->bits_window[CANARY_WINDOW + 1] = 0;
}

/* The byte at that offset of the slot. */
static inline uint8_t canary_byte(uint64_t word, size_t offset, size_t usable, size_t slack)
{
    return (uint8_t)(offset == usable - slack + 1 ? 0 : word >> (offset % 8 * 8));
}

/* The word at `at`, a multiple of 8, and which bits of it are canary. */
static inline uint64_t canary_part(uint64_t word, size_t at, size_t usable, size_t slack, uint64_t *mask)
{
    size_t start = usable - slack;
    *mask = start > at ? UINT64_MAX << (start - at) * 8 : UINT64_MAX;
    uint64_t hole = start + 1 - at < 8 ? ~(UINT64_C(0xff) << (start + 1 - at) * 8) : UINT64_MAX;
    return word & hole & *mask;
}

/* Slots are whole words long. The first words hold the end of the block and the zero; the rest is the same
 * all over. */
void canary_write_long(char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    if (slack == 0)
        return;
    uint64_t word = canary_word(slot + usable - slack, kind), there, mask;
    size_t at = round_down(usable - slack, 8), end = min_size(at + 16, usable);
    for (; at < end; at += 8) {
        uint64_t canary = canary_part(word, at, usable, slack, &mask);
        memcpy(&there, slot + at, 8);
        there = (there & ~mask) | canary;
        memcpy(slot + at, &there, 8);
    }
    for (; at + VEC_BYTES <= usable; at += VEC_BYTES)
        vec_store(slot + at, vec_repeat(word));
    for (; at < usable; at += 8)
        memcpy(slot + at, &word, 8);
}

bool canary_intact_long(const char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    if (slack == 0)
        return true;
    uint64_t word = canary_word(slot + usable - slack, kind), there, mask, damage = 0;
    size_t at = round_down(usable - slack, 8), end = min_size(at + 16, usable);
    for (; at < end; at += 8) {
        uint64_t canary = canary_part(word, at, usable, slack, &mask);
        memcpy(&there, slot + at, 8);
        damage |= (there & mask) ^ canary;
    }
    vec difference = vec_repeat(0);
    for (; at + VEC_BYTES <= usable; at += VEC_BYTES)
        difference = vec_or(difference, vec_xor(vec_load(slot + at), vec_repeat(word)));
    for (; at < usable; at += 8) {
        memcpy(&there, slot + at, 8);
        damage |= there ^ word;
    }
    return damage == 0 && vec_is_zero(difference);
}

enum allocation_kind canary_kind(const char *slot, size_t usable, size_t slack)
{
    for (unsigned kind = 0; kind < (constants.features & CHECK_NEW_DELETE ? KIND_COUNT : 1); kind++)
        if (canary_intact_long(slot, usable, slack, kind))
            return kind;
    return KIND_COUNT;
}

static size_t first_damage(const char *slot, size_t usable, size_t slack, enum allocation_kind kind,
                           size_t *count)
{
    uint64_t word = canary_word(slot + usable - slack, kind);
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

/* It is of the kind of which the fewest bytes are damaged. */
size_t canary_first_damage(const char *slot, size_t usable, size_t slack, size_t *count)
{
    size_t first = first_damage(slot, usable, slack, KIND_MALLOC, count);
    for (unsigned kind = 1; constants.features & CHECK_NEW_DELETE && kind < KIND_COUNT; kind++) {
        size_t other_count, other = first_damage(slot, usable, slack, kind, &other_count);
        if (other_count < *count) {
            *count = other_count;
            first = other;
        }
    }
    return first;
}

size_t canary_find_slack(const char *slot, size_t usable)
{
    for (size_t slack = CANARY_MINIMUM; slack <= min_size(usable, SLACK_MAX); slack++)
        if (canary_kind(slot, usable, slack) != KIND_COUNT)
            return slack;
    return 0;
}
