/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For cases about what stands on both sides of a block. */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "misuse.h"

struct neighbours {
    char *first, *second;
};

/* Without what aarch64's memory tags put into the top byte. */
static inline uintptr_t place_of(uintptr_t address)
{
    return address & UINTPTR_MAX >> 8;
}

static inline int by_address(const void *one, const void *other)
{
    uintptr_t a = place_of(*(const uintptr_t *)one), b = place_of(*(const uintptr_t *)other);
    return (a > b) - (a < b);
}

/* Two blocks of that size with nothing between them but the rest of the first one's slot: among many, those
 * that are nearest to each other. */
static inline struct neighbours find_neighbours(size_t size)
{
    enum {
        BLOCKS = 2000
    };
    static uintptr_t blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = (uintptr_t)must(malloc(size));
    qsort(blocks, BLOCKS, sizeof blocks[0], by_address);
    size_t nearest = 0;
    for (size_t i = 0; i + 1 < BLOCKS; i++)
        if (place_of(blocks[i + 1]) - place_of(blocks[i]) <
            place_of(blocks[nearest + 1]) - place_of(blocks[nearest]))
            nearest = i;
    return (struct neighbours){(char *)blocks[nearest], (char *)blocks[nearest + 1]};
}

#endif
