/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Slots as a whole, for the fast path: whether they hold nothing but one word over and over, and filling them
 * with it. Up to 1,040 bytes there is no loop: with one whose turns depend on the size, programs that mix
 * sizes would pay a misprediction for each, which is dearer than some vectors too many. What a slot's shape
 * is, is a constant wherever it is asked for here.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include "size_class.h"
#include "vec.h"

enum shape {
    SHAPE_SMALL,  /* up to 128 bytes: four vectors, each clipped to the end */
    SHAPE_MEDIUM, /* up to 256: the first four and the last four. With vectors of 64 bytes up to 528: nine of
                     these */
    SHAPE_WIDE,  /* up to 528: the first eight, the next one, the last eight. With vectors of 64 bytes none */
    SHAPE_BROAD, /* up to 1,040: the first sixteen, the next one, the last sixteen */
    SHAPE_LONG   /* four at a time, the last ones of which overlap those before */
};

/* The first class of a shape; and how many there are. */
static ALWAYS_INLINE unsigned shape_first_class(enum shape shape)
{
    const uint8_t first[] = {CLASS_FIRST, CLASS_FIRST + 7, CLASS_FIRST + (WIDE_THERE ? 23 : 15),
                             CLASS_FIRST + 23, CLASS_FIRST + 31};
    return first[shape];
}

static ALWAYS_INLINE unsigned shape_span(enum shape shape)
{
    return (shape == SHAPE_LONG ? CLASS_FIRST_PAGED : shape_first_class(shape + 1)) -
           shape_first_class(shape);
}

/* The largest slot of a shape. */
static ALWAYS_INLINE size_t shape_usable(enum shape shape)
{
    const uint16_t most[] = {128, WIDE_THERE ? 528 : 256, 528, 1040, UNPAGED_LIMIT};
    return most[shape];
}

/*
 * Nine vectors of 64 bytes cover a slot of 129 to 528: five from the start on, four up to the end, at
 * distances that leave no gap between them and are multiples of the word with which it is filled. Multiples
 * of 64 where that is possible: in slots that begin at such an address no vector crosses a line of the cache
 * then.
 */
#define NINE_MOST 528u

static inline bool nine_covers(size_t usable)
{
    return usable > 4 * VEC_BYTES && usable <= NINE_MOST;
}

static inline size_t nine_step_front(size_t usable)
{
    return usable >= 5 * WIDE_BYTES ? WIDE_BYTES : 0;
}

static inline size_t nine_step_back(size_t usable)
{
    size_t last = usable - WIDE_BYTES;
    if (usable >= 5 * WIDE_BYTES && usable <= 6 * WIDE_BYTES)
        return 0;
    return min_size(round_down(last / 3, MALLOC_ALIGNMENT), WIDE_BYTES);
}

/* How slots are covered: small ones by four vectors, larger ones by nine. */
static inline void whole_cover(struct size_class *class)
{
    size_t end = class->usable >= VEC_BYTES ? class->usable - VEC_BYTES : 0;
    bool small = class->usable <= 4 * VEC_BYTES, nine = nine_covers(class->usable);
    class->second = (uint8_t)(small ? min_size(VEC_BYTES, end) : nine ? nine_step_front(class->usable) : 0);
    class->third = (uint8_t)(small ? min_size(2 * VEC_BYTES, end) : nine ? nine_step_back(class->usable) : 0);
}

/* --- parts of slots */

static ALWAYS_INLINE vec difference_of_four(const char *at, size_t second, size_t third, size_t last,
                                            vec value)
{
    vec outer = vec_or(vec_xor(vec_load(at), value), vec_xor(vec_load(at + last), value));
    vec inner = vec_or(vec_xor(vec_load(at + second), value), vec_xor(vec_load(at + third), value));
    return vec_or(outer, inner);
}

static ALWAYS_INLINE vec difference_of_128(const char *at, vec value)
{
    return difference_of_four(at, VEC_BYTES, 2 * VEC_BYTES, 3 * VEC_BYTES, value);
}

static ALWAYS_INLINE vec difference_of_256(const char *at, vec value)
{
    return vec_or(difference_of_128(at, value), difference_of_128(at + 128, value));
}

static ALWAYS_INLINE vec difference_of_512(const char *at, vec value)
{
    return vec_or(difference_of_256(at, value), difference_of_256(at + 256, value));
}

/* So many vectors from there on, and so many up to `end` but for the last ones. */
static ALWAYS_INLINE void fill_front(char *at, unsigned vectors, vec value)
{
#pragma GCC unroll 17
    for (unsigned i = 0; i < vectors; i++)
        vec_store(at + i * VEC_BYTES, value);
}

static ALWAYS_INLINE void fill_back(char *end, unsigned vectors, unsigned spared, vec value)
{
#pragma GCC unroll 17
    for (unsigned i = vectors; i > spared; i--)
        vec_store(end - i * VEC_BYTES, value);
}

/* --- slots */

/* How a slot of a class is covered, in registers. */
struct whole {
    size_t usable, second, third;
};

static ALWAYS_INLINE struct whole whole_of(const struct size_class *class, enum shape shape)
{
    bool small = shape == SHAPE_SMALL, nine = WIDE_THERE && shape == SHAPE_MEDIUM;
    return (struct whole){class->usable, small || nine ? class->second : 0, small || nine ? class->third : 0};
}

/* So many vectors of 64 bytes from the start on at some distance, and so many up to the last one. */
static ALWAYS_INLINE wide wides_differ(const char *slot, unsigned front, size_t front_step, const char *last,
                                       unsigned back, size_t back_step, vec value)
{
    wide expected = wide_repeat(value), first = wide_repeat(vec_repeat(0)), second = first;
#pragma GCC unroll 9
    for (size_t i = 0; i < front; i++)
        first = wide_or_difference(first, slot + i * front_step, expected);
#pragma GCC unroll 8
    for (size_t i = 0; i < back; i++)
        second = wide_or_difference(second, last - i * back_step, expected);
    return wide_or(first, second);
}

static ALWAYS_INLINE void wides_fill(char *slot, unsigned front, size_t front_step, char *last, unsigned back,
                                     size_t back_step, vec value)
{
    wide filled = wide_repeat(value);
#pragma GCC unroll 9
    for (size_t i = 0; i < front; i++)
        wide_store(slot + i * front_step, filled);
#pragma GCC unroll 8
    for (size_t i = 0; i < back; i++)
        wide_store(last - i * back_step, filled);
}

/* Slots of more than 128 bytes. */
static ALWAYS_INLINE bool wides_differ_in(const char *slot, struct whole whole, enum shape shape, vec value)
{
    const char *last = slot + whole.usable - WIDE_BYTES;
    if (shape == SHAPE_MEDIUM)
        return !wide_is_zero(wides_differ(slot, 5, whole.second, last, 4, whole.third, value));
    if (shape == SHAPE_BROAD)
        return !wide_is_zero(wides_differ(slot, 9, WIDE_BYTES, last, 8, WIDE_BYTES, value));
    wide difference = wides_differ(slot, 0, WIDE_BYTES, last, 4, WIDE_BYTES, value);
    for (; slot <= last - 4 * WIDE_BYTES; slot += 4 * WIDE_BYTES)
        difference = wide_or(difference, wides_differ(slot, 4, WIDE_BYTES, last, 0, WIDE_BYTES, value));
    return !wide_is_zero(wide_or(difference, wides_differ(slot, 1, WIDE_BYTES, last, 0, WIDE_BYTES, value)));
}

static ALWAYS_INLINE void wides_fill_in(char *slot, struct whole whole, enum shape shape, vec value)
{
    char *last = slot + whole.usable - WIDE_BYTES;
    if (shape == SHAPE_MEDIUM) {
        wides_fill(slot, 5, whole.second, last, 4, whole.third, value);
    } else if (shape == SHAPE_BROAD) {
        wides_fill(slot, 9, WIDE_BYTES, last, 8, WIDE_BYTES, value);
    } else {
        for (; slot <= last - 4 * WIDE_BYTES; slot += 4 * WIDE_BYTES)
            wides_fill(slot, 4, WIDE_BYTES, last, 0, WIDE_BYTES, value);
        wides_fill(slot, 1, WIDE_BYTES, last, 4, WIDE_BYTES, value);
    }
}

/* Whether a slot holds anything but the word of which `value` consists. */
static ALWAYS_INLINE bool whole_differs(const char *slot, struct whole whole, enum shape shape, vec value)
{
    const char *end = slot + whole.usable;
    vec difference;
    if (WIDE_THERE && shape != SHAPE_SMALL)
        return wides_differ_in(slot, whole, shape, value);
    switch (shape) {
    case SHAPE_SMALL:
        difference = difference_of_four(slot, whole.second, whole.third, whole.usable - VEC_BYTES, value);
        break;
    case SHAPE_MEDIUM:
        difference = vec_or(difference_of_128(slot, value), difference_of_128(end - 128, value));
        break;
    case SHAPE_WIDE:
        difference = vec_or(difference_of_256(slot, value), difference_of_256(end - 256, value));
        difference = vec_or(difference, vec_xor(vec_load(slot + 256), value));
        break;
    case SHAPE_BROAD:
        difference = vec_or(difference_of_512(slot, value), difference_of_512(end - 512, value));
        difference = vec_or(difference, vec_xor(vec_load(slot + 512), value));
        break;
    default:
        difference = difference_of_128(end - 128, value);
        for (; slot < end - 128; slot += 128)
            difference = vec_or(difference, difference_of_128(slot, value));
    }
    return !vec_is_zero(difference);
}

/* The last vectors may be spared, where something else is stored there at once. */
static ALWAYS_INLINE void whole_fill(char *slot, struct whole whole, enum shape shape, unsigned spared,
                                     vec value)
{
    char *end = slot + whole.usable;
    if (WIDE_THERE && shape != SHAPE_SMALL) {
        wides_fill_in(slot, whole, shape, value);
        return;
    }
    switch (shape) {
    case SHAPE_SMALL:
        vec_store(slot, value);
        vec_store(slot + whole.second, value);
        vec_store(slot + whole.third, value);
        fill_back(end, 1, spared, value);
        break;
    case SHAPE_MEDIUM:
        fill_front(slot, 4, value);
        fill_back(end, 4, spared, value);
        break;
    case SHAPE_WIDE:
        fill_front(slot, 9, value);
        fill_back(end, 8, spared, value);
        break;
    case SHAPE_BROAD:
        fill_front(slot, 17, value);
        fill_back(end, 16, spared, value);
        break;
    default:
        for (; slot < end - 128; slot += 128)
            fill_front(slot, 4, value);
        fill_back(end, 4, spared, value);
    }
}

#endif
