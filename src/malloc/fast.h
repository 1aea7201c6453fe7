/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fast path: blocks of slots below CLASS_FIRST_PAGED while nothing is out of the ordinary; one for each
 * shape of slots (whole.h). No effect before it is certain that all is well: else it gives up, and the
 * generic path does it again from the start, finds out why, and reports what is to be reported.
 */
#ifndef FAST_H
#define FAST_H

#include "generic.h"
#include "whole.h"

static ALWAYS_INLINE size_t fast_least_slack(unsigned features)
{
    return features & COMPATMALLOC_CANARIES ? CANARY_MINIMUM : 0;
}

/* Whether it fits a slot of the shape or of those before. Not 0. */
static ALWAYS_INLINE bool fast_fits(size_t size, enum shape shape, unsigned features)
{
    return size - 1 < shape_usable(shape) - fast_least_slack(features);
}

/* Whether it would be in a slot of the shape. */
static ALWAYS_INLINE bool fast_is_of_shape(const void *block, enum shape shape)
{
    return class_of_address(block) - shape_first_class(shape) < shape_span(shape);
}

/* Vectors over which canaries of the shape extend, unless a rare alignment makes one longer; 0: any number.
 */
static ALWAYS_INLINE unsigned fast_canary_vectors(enum shape shape)
{
    const uint8_t vectors[] = {1, 1, 2, 3, 0};
    return vectors[shape];
}

static ALWAYS_INLINE size_t fast_most_slack(const struct size_class *class, enum shape shape)
{
    return shape == SHAPE_LONG ? class->usable : fast_canary_vectors(shape) * VEC_BYTES;
}

/* A program frees blocks mostly in the order in which it allocated them: upwards in each of the runs that a
 * refill mixes, and those are more than processors follow by themselves. So many bytes ahead. */
#define FAST_FREED_AHEAD 256

static ALWAYS_INLINE void fast_prefetch(const char *slot, size_t usable)
{
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + usable - 1, 1);
}

/* Of a slot that is zero all over. */
static ALWAYS_INLINE void fast_write_canary(char *slot, size_t usable, size_t slack,
                                            enum allocation_kind kind, enum shape shape)
{
    char *end = slot + usable;
    uint64_t mixed = canary_mixed(end - slack, kind);
    for (unsigned n = 1; n <= fast_canary_vectors(shape); n++)
        vec_store(end - n * VEC_BYTES, canary_vector(mixed, slack, n));
}

static ALWAYS_INLINE bool fast_canary_intact(const char *block, size_t usable, size_t slack,
                                             enum allocation_kind kind, enum shape shape)
{
    const char *end = block + usable;
    uint64_t mixed = canary_mixed(end - slack, kind);
    vec last = vec_xor(vec_load(end - VEC_BYTES), canary_vector(mixed, slack, 1));
    if (fast_canary_vectors(shape) == 1)
        return vec_is_zero_under(last, canary_mask(slack, 1));
    vec difference = vec_and(last, vec_load(canary_mask(slack, 1)));
    for (unsigned n = 2; n <= fast_canary_vectors(shape); n++) {
        vec there = vec_xor(vec_load(end - n * VEC_BYTES), canary_vector(mixed, slack, n));
        difference = vec_or(difference, vec_and(there, vec_load(canary_mask(slack, n))));
    }
    return vec_is_zero(difference);
}

/* NULL: give up. */
static ALWAYS_INLINE void *fast_allocate(struct heap *heap, size_t size, enum shape shape,
                                         enum allocation_kind kind, unsigned features)
{
    const bool verify = features & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    const bool zero = features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE;
    const bool canaries = features & COMPATMALLOC_CANARIES;
    const bool canary_vectors = canaries && shape != SHAPE_LONG && generic_zeroes(features);

    if (features &
        (CHECK_NEIGHBOURS | GUARD_SAMPLES | PROTECT_FREED | RECORD_CALLERS)) /* there is more to be done */
        return NULL;
    unsigned c = generic_class_unpaged(size, features);
    const struct size_class *class = &constants.classes[c];
    struct magazine *magazine = heap_magazine(heap, class);
    uint32_t count = magazine->count - 1;
    if (unlikely(count >= class->magazine_capacity)) /* empty, or a count that cannot be */
        return NULL;
    uint32_t number = magazine->slots[count];
    if (unlikely(number >= class->slots))
        return NULL;
    uintptr_t states = slot_states(class, number);
    if (unlikely(states == 0))
        return NULL;
    state_word *word = slot_state_in(states, number);
    if (unlikely(state_load(word) != STATE_FREED))
        return NULL;
    char *slot = slot_address(class, number);
    if (verify && unlikely(whole_differs(slot, class, shape, generic_filled(features))))
        return NULL;
    magazine->count = count;
    signal_fence(); /* off the list before it changes: for handlers that call exit() */
    /* One that comes soon is most likely cold; by the time it is asked for it need not be. */
    fast_prefetch(slot_address(class, (&magazine->slots[count])[-FAST_AHEAD]), class->usable);
    if (zero)
        whole_fill(slot, class, shape, canary_vectors ? fast_canary_vectors(shape) : 0, vec_repeat(0));
    size_t slack = class->usable - size;
    kind = kind_in_force(kind, features);
    if (canary_vectors)
        fast_write_canary(slot, class->usable, slack, kind, shape);
    else if (canaries)
        canary_write(slot, class->usable, slack, kind);
    state_store(word, state_live(slack));
    return slot;
}

/* `size` is what the caller thinks the block has, NULL if nothing. False: give up. */
static ALWAYS_INLINE bool fast_free(struct heap *heap, void *block, const size_t *size, enum shape shape,
                                    enum allocation_kind kind, unsigned features)
{
    const bool canaries = features & COMPATMALLOC_CANARIES, quarantines = features & COMPATMALLOC_QUARANTINE;
    if (features & (CHECK_NEIGHBOURS | PROTECT_FREED | RECORD_CALLERS))
        return false;
    __builtin_prefetch((const char *)block + FAST_FREED_AHEAD, 1);
    struct found found;
    if (unlikely(!generic_find(block, shape_first_class(shape), shape_span(shape), &found)))
        return false;
    const struct size_class *class = found.class;
    /* Every block here has a canary. */
    const size_t least = fast_least_slack(features);
    size_t usable = class->usable;
    size_t over = state_load(found.word) - (STATE_LIVE + least);
    HOLD(over);
    if (unlikely(over > fast_most_slack(class, shape) - least))
        return false;
    size_t slack = over + least;
    if (size && unlikely(usable - slack != *size))
        return false;
    kind = kind_in_force(kind, features);
    if (canaries && unlikely(shape != SHAPE_LONG ? !fast_canary_intact(block, usable, slack, kind, shape)
                                                 : !canary_intact(block, usable, slack, kind)))
        return false;
    /* The slot will be put into the one or the other. */
    struct quarantine *quarantine = quarantine_of(heap, class);
    struct magazine *magazine = heap_magazine(heap, class);
    uint32_t place = quarantines ? quarantine->room - 1 : magazine->count;
    if (unlikely(place >= (quarantines ? class->batch : class->magazine_capacity)))
        return false;
    HOLD(over);
    if (unlikely(!generic_claim_as_seen(found.word, (state_word)(over + least + STATE_LIVE), STATE_FREED)))
        return false;
    signal_fence(); /* what is needed again is loaded again: there are no registers for it */
    if (generic_fills(features))
        whole_fill(block, class, shape, 0, generic_filled(features));
    signal_fence();
    if (!quarantines)
        magazine_push(magazine, place, found.slot);
    else if (unlikely(quarantine_put(quarantine, place, found.slot)))
        quarantine_pass_on_own(class);
    return true;
}

#endif
