/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * poison-on-free, write-after-free-check and zero-on-free: what is written into a slot when it is freed, and
 * what happens to that when the slot is handed out again. The contents are touched twice and never at a third
 * moment: filled while the block is in cache because its owner just used it, verified and zeroed when its new
 * owner is about to use it.
 *
 * Small slots are done by vectors that overlap and without a branch: with one that depends on the size,
 * programs that mix sizes would pay two or three mispredictions a call.
 */
#ifndef FILL_H
#define FILL_H

#include "constants.h"
#include "vec.h"

/* Up to here four vectors at 0, 32, 64 and the end cover a slot, each clipped to the end. */
#define FILL_UNROLLED_LIMIT (4 * VEC_BYTES)

static ALWAYS_INLINE size_t fill_clip(size_t offset, size_t end)
{
    return offset < end ? offset : end;
}

static ALWAYS_INLINE vec fill_difference(const char *at, vec expected)
{
    return vec_xor(vec_load(at), expected);
}

/* Fill a whole slot of at least 32 bytes. */
static ALWAYS_INLINE void fill_slot(char *slot, size_t usable, vec value)
{
    size_t end = usable - VEC_BYTES;
    if (likely(usable <= FILL_UNROLLED_LIMIT)) {
        vec_store(slot, value);
        vec_store(slot + fill_clip(32, end), value);
        vec_store(slot + fill_clip(64, end), value);
        vec_store(slot + end, value);
        return;
    }
    size_t at = 0;
    for (; at + 4 * VEC_BYTES <= usable; at += 4 * VEC_BYTES) {
        vec_store(slot + at, value);
        vec_store(slot + at + 32, value);
        vec_store(slot + at + 64, value);
        vec_store(slot + at + 96, value);
    }
    for (; at < end; at += VEC_BYTES)
        vec_store(slot + at, value);
    vec_store(slot + end, value);
}

/*
 * Verify that a whole slot holds `expected` and, if `zero`, leave it zeroed. NULL if it was untouched; else
 * the start of the first damaged part, from which on nothing has been zeroed.
 */
static ALWAYS_INLINE const char *fill_verify(char *slot, size_t usable, vec expected, bool zero)
{
    const vec nothing = vec_repeat(0);
    size_t end = usable - VEC_BYTES;
    if (likely(usable <= FILL_UNROLLED_LIMIT)) {
        char *second = slot + fill_clip(32, end), *third = slot + fill_clip(64, end), *last = slot + end;
        vec difference = vec_or(vec_or(fill_difference(slot, expected), fill_difference(second, expected)),
                                vec_or(fill_difference(third, expected), fill_difference(last, expected)));
        if (unlikely(!vec_is_zero(difference)))
            return slot;
        if (zero) {
            vec_store(slot, nothing);
            vec_store(second, nothing);
            vec_store(third, nothing);
            vec_store(last, nothing);
        }
        return NULL;
    }
    /* The last vector may overlap the loop's, so it is looked at before anything is zeroed. */
    if (unlikely(!vec_is_zero(fill_difference(slot + end, expected))))
        return slot;
    size_t at = 0;
    for (; at + 4 * VEC_BYTES <= usable; at += 4 * VEC_BYTES) {
        char *part = slot + at;
        vec difference =
            vec_or(vec_or(fill_difference(part, expected), fill_difference(part + 32, expected)),
                   vec_or(fill_difference(part + 64, expected), fill_difference(part + 96, expected)));
        if (unlikely(!vec_is_zero(difference)))
            return part;
        if (zero) {
            vec_store(part, nothing);
            vec_store(part + 32, nothing);
            vec_store(part + 64, nothing);
            vec_store(part + 96, nothing);
        }
    }
    for (; at < end; at += VEC_BYTES) {
        if (unlikely(!vec_is_zero(fill_difference(slot + at, expected))))
            return slot + at;
        if (zero)
            vec_store(slot + at, nothing);
    }
    if (zero)
        vec_store(slot + end, nothing);
    return NULL;
}

/* Zero part of a free slot, whole words of it. Not by memset, which is ours, and check-copies would object.
 */
void fill_zero(char *from, size_t bytes);

/* Whether the bytes [from, to) of the slot are as filled. Multiples of 16. */
bool fill_is_whole(const char *slot, size_t from, size_t to, uint64_t word);

/* First byte of the slot from `from` on that is not as filled, or `usable`; how many bytes from it to the
 * last such. */
size_t fill_first_damage(const char *slot, size_t from, size_t usable, uint64_t word, size_t *count);

#endif
