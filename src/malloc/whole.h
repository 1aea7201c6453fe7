/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Slots as a whole, for the fast path: whether they hold nothing but one word over and over, and filling them
 * with it. Those of up to 128 bytes without a loop and without a branch: with one that depends on the size,
 * programs that mix sizes would pay two or three mispredictions a call. Longer ones by four vectors at a
 * time, the last four of which overlap those before.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include "size_class.h"
#include "vec.h"

#define SMALL_USABLE  128
#define SMALL_CLASSES 7u /* CLASS_FIRST and the next six */
#define FOUR_VECTORS  (4 * (size_t)VEC_BYTES)

/* Four vectors at 0, 32, 64 and the end cover a small slot, each clipped to the end. */
static inline void whole_shape(struct size_class *class)
{
    size_t end = class->usable >= VEC_BYTES ? class->usable - VEC_BYTES : 0;
    class->second = (uint8_t)min_size(VEC_BYTES, end);
    class->third = (uint8_t)min_size(2 * VEC_BYTES, end);
}

static ALWAYS_INLINE vec whole_difference(const char *at, size_t second, size_t third, size_t last, vec value)
{
    vec outer = vec_or(vec_xor(vec_load(at), value), vec_xor(vec_load(at + last), value));
    vec inner = vec_or(vec_xor(vec_load(at + second), value), vec_xor(vec_load(at + third), value));
    return vec_or(outer, inner);
}

static ALWAYS_INLINE void whole_store(char *at, size_t second, size_t third, size_t last, vec value)
{
    vec_store(at, value);
    vec_store(at + second, value);
    vec_store(at + third, value);
    vec_store(at + last, value);
}

/* Whether a slot holds anything but the word of which `value` consists. `small`: of up to 128 bytes. */
static ALWAYS_INLINE bool whole_differs(const char *slot, const struct size_class *class, bool small,
                                        vec value)
{
    size_t usable = class->usable;
    if (small)
        return !vec_is_zero(whole_difference(slot, class->second, class->third, usable - VEC_BYTES, value));
    const char *tail = slot + usable - FOUR_VECTORS;
    vec difference = whole_difference(tail, 32, 64, 96, value);
    for (; slot < tail; slot += FOUR_VECTORS)
        difference = vec_or(difference, whole_difference(slot, 32, 64, 96, value));
    return !vec_is_zero(difference);
}

static ALWAYS_INLINE void whole_fill(char *slot, const struct size_class *class, bool small, vec value)
{
    size_t usable = class->usable;
    if (small) {
        whole_store(slot, class->second, class->third, usable - VEC_BYTES, value);
        return;
    }
    char *tail = slot + usable - FOUR_VECTORS;
    for (; slot < tail; slot += FOUR_VECTORS)
        whole_store(slot, 32, 64, 96, value);
    whole_store(tail, 32, 64, 96, value);
}

#endif
