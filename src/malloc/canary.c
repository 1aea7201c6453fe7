/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "canary.h"

#include <string.h>

#define ONES 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
const uint8_t canary_window[2 * 32] = {[32] = ONES, [40] = ONES, [48] = ONES, [56] = ONES};

/* The byte at that offset of the slot. */
static inline uint8_t canary_byte(uint64_t word, size_t offset, size_t usable, size_t slack)
{
    if (offset == usable - 1 && slack > 1)
        return 0;
    return (uint8_t)(word >> (offset % 8 * 8));
}

/* The part between the bytewise ends, in whole words. */
static inline void body(size_t usable, size_t slack, size_t *from, size_t *to)
{
    *from = round_up(usable - slack, 8);
    *to = round_down(usable - 1, 8);
    if (*to < *from)
        *from = *to = usable;
}

void canary_write_long(char *slot, size_t usable, size_t slack)
{
    if (slack == 0)
        return;
    uint64_t word = canary_word(slot);
    size_t from, to;
    body(usable, slack, &from, &to);
    for (size_t i = usable - slack; i < from; i++)
        slot[i] = (char)canary_byte(word, i, usable, slack);
    for (size_t i = from; i < to; i += 8)
        memcpy(slot + i, &word, 8);
    for (size_t i = to; i < usable; i++)
        slot[i] = (char)canary_byte(word, i, usable, slack);
}

bool canary_intact_long(const char *slot, size_t usable, size_t slack)
{
    if (slack == 0)
        return true;
    uint64_t word = canary_word(slot), damage = 0;
    size_t from, to;
    body(usable, slack, &from, &to);
    for (size_t i = usable - slack; i < from; i++)
        damage |= (uint8_t)slot[i] ^ canary_byte(word, i, usable, slack);
    for (size_t i = from; i < to; i += 8) {
        uint64_t there;
        memcpy(&there, slot + i, 8);
        damage |= there ^ word;
    }
    for (size_t i = to; i < usable; i++)
        damage |= (uint8_t)slot[i] ^ canary_byte(word, i, usable, slack);
    return damage == 0;
}

size_t canary_first_damage(const char *slot, size_t usable, size_t slack, size_t *count)
{
    uint64_t word = canary_word(slot);
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
