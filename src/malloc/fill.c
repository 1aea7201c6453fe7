/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fill.h"

bool fill_is_whole(const char *slot, size_t from, size_t to, uint64_t word)
{
    vec expected = vec_repeat(word);
    size_t count;
    if (to - from < VEC_BYTES)
        return fill_first_damage(slot, from, to, word, &count) == to;
    vec difference = fill_difference(slot + to - VEC_BYTES, expected);
    for (; to - from > VEC_BYTES; from += VEC_BYTES)
        difference = vec_or(difference, fill_difference(slot + from, expected));
    return vec_is_zero(difference);
}

size_t fill_first_damage(const char *slot, size_t from, size_t usable, uint64_t word, size_t *count)
{
    size_t first = usable, last = 0;
    for (size_t i = from; i < usable; i++)
        if ((uint8_t)slot[i] != (uint8_t)(word >> (i % 8 * 8))) {
            if (first == usable)
                first = i;
            last = i;
        }
    *count = first < usable ? last - first + 1 : 0;
    return first;
}

void fill_zero(char *from, size_t bytes)
{
    for (volatile uint64_t *word = (uint64_t *)(void *)from; bytes >= sizeof *word; bytes -= sizeof *word)
        *word++ = 0;
}
