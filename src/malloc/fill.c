/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fill.h"

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
