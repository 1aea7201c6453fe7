/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Slots as a whole, for the fast path: whether they hold nothing but one word over and over, and filling them
 * with it. Up to 528 bytes there is no loop: with one whose turns depend on the size, programs that mix sizes
 * would pay a misprediction for each, which is dearer than some vectors too many. What a slot's shape is, is
 * a constant wherever it is asked for here.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include "size_class.h"
#include "vec.h"

enum shape {
    SHAPE_SMALL,  /* up to 128 bytes: four vectors, each clipped to the end */
    SHAPE_MEDIUM, /* up to 256: the first four and the last four */
    SHAPE_WIDE,   /* up to 528: the first eight, the next one, the last eight */
    SHAPE_LONG    /* four at a time, the last ones of which overlap those before */
};

#define FOUR_VECTORS (4 * (size_t)VEC_BYTES)

/* The first class of a shape, and largest slot of it. */
static ALWAYS_INLINE unsigned shape_first_class(enum shape shape)
{
    const uint8_t first[] = {CLASS_FIRST, CLASS_FIRST + 7, CLASS_FIRST + 15, CLASS_FIRST + 23};
    return first[shape];
}

static ALWAYS_INLINE unsigned shape_span(enum shape shape)
{
    return (shape == SHAPE_LONG ? CLASS_FIRST_PAGED : shape_first_class(shape + 1)) -
           shape_first_class(shape);
}

static ALWAYS_INLINE size_t shape_usable(enum shape shape)
{
    const uint16_t most[] = {128, 256, 528, UNPAGED_LIMIT};
    return most[shape];
}

/* How small slots are covered. */
static inline void whole_cover(struct size_class *class)
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

static ALWAYS_INLINE vec whole_difference_of_four(const char *at, vec value)
{
    return whole_difference(at, VEC_BYTES, 2 * VEC_BYTES, 3 * VEC_BYTES, value);
}

static ALWAYS_INLINE void whole_store_three(char *at, size_t second, size_t third, vec value)
{
    vec_store(at, value);
    vec_store(at + second, value);
    vec_store(at + third, value);
}

static ALWAYS_INLINE void whole_store_four(char *at, vec value)
{
    whole_store_three(at, VEC_BYTES, 2 * VEC_BYTES, value);
    vec_store(at + 3 * VEC_BYTES, value);
}

/* Whether a slot holds anything but the word of which `value` consists. */
static ALWAYS_INLINE bool whole_differs(const char *slot, const struct size_class *class, enum shape shape,
                                        vec value)
{
    size_t usable = class->usable;
    if (shape == SHAPE_SMALL)
        return !vec_is_zero(whole_difference(slot, class->second, class->third, usable - VEC_BYTES, value));
    const char *tail = slot + usable - FOUR_VECTORS;
    vec difference = whole_difference_of_four(tail, value);
    if (shape == SHAPE_LONG) {
        for (; slot < tail; slot += FOUR_VECTORS)
            difference = vec_or(difference, whole_difference_of_four(slot, value));
        return !vec_is_zero(difference);
    }
    difference = vec_or(difference, whole_difference_of_four(slot, value));
    if (shape == SHAPE_WIDE) {
        vec before = whole_difference_of_four(tail - FOUR_VECTORS, value);
        vec after = whole_difference_of_four(slot + FOUR_VECTORS, value);
        vec middle = vec_xor(vec_load(slot + 2 * FOUR_VECTORS), value);
        difference = vec_or(difference, vec_or(vec_or(before, after), middle));
    }
    return !vec_is_zero(difference);
}

static ALWAYS_INLINE void whole_fill(char *slot, const struct size_class *class, enum shape shape, vec value)
{
    size_t usable = class->usable;
    char *tail = slot + usable - FOUR_VECTORS;
    if (shape == SHAPE_SMALL) {
        whole_store_three(slot, class->second, class->third, value);
        vec_store(slot + usable - VEC_BYTES, value);
        return;
    }
    if (shape == SHAPE_LONG)
        for (; slot < tail; slot += FOUR_VECTORS)
            whole_store_four(slot, value);
    else
        whole_store_four(slot, value);
    if (shape == SHAPE_WIDE) {
        whole_store_four(slot + FOUR_VECTORS, value);
        vec_store(slot + 2 * FOUR_VECTORS, value);
        whole_store_four(tail - FOUR_VECTORS, value);
    }
    whole_store_four(tail, value);
}

#endif
