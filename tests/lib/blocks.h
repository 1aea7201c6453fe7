/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tests of all kinds do with blocks: sizes, contents that can be verified, random choices that can be
 * repeated. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "opaque.h"

#define KIB               ((size_t)1 << 10)
#define MIB               ((size_t)1 << 20)
#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))
#define MINIMUM_ALIGNMENT ((size_t)16)

/* More than any object may have: the request must fail whatever memory there is. */
#define TOO_MUCH ((size_t)PTRDIFF_MAX + 1)

static inline bool aligned(const void *pointer, size_t alignment)
{
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

/* The byte that a block with this seed holds at this offset: no short period, never all the same. */
static inline unsigned char pattern(size_t seed, size_t offset)
{
    return (unsigned char)(seed * 31 + offset * 7 + (offset >> 8) + 1);
}

static inline void fill(void *block, size_t size, size_t seed)
{
    unsigned char *bytes = block;
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(seed, i);
}

/* The first `size` bytes are still what fill() left there. */
static inline bool intact(const void *block, size_t size, size_t seed)
{
    const unsigned char *bytes = block;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != pattern(seed, i))
            return false;
    }
    return true;
}

static inline bool all_zero(const void *block, size_t size)
{
    const unsigned char *bytes = block;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* A small generator of test data: the same sequence for the same seed on every machine. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
