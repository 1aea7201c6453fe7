/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fast path: blocks of slots below CLASS_FIRST_PAGED while nothing is out of the ordinary; for the small
 * ones, of up to 120 bytes, and for the others. No effect before it is certain that all is well: else it
 * gives up, and the generic path does it again from the start, finds out why, and reports what is to be
 * reported.
 */
#ifndef FAST_H
#define FAST_H

#include "generic.h"
#include "whole.h"

static ALWAYS_INLINE size_t fast_least_slack(unsigned features)
{
    return features & COMPATMALLOC_CANARIES ? CANARY_MINIMUM : 0;
}

/* Whether it fits a small slot. Not 0. */
static ALWAYS_INLINE bool fast_is_small(size_t size, unsigned features)
{
    return size - 1 < SMALL_USABLE - fast_least_slack(features);
}

/* Whether it would be in a small slot. */
static ALWAYS_INLINE bool fast_is_small_block(const void *block)
{
    return class_of_address(block) - CLASS_FIRST < SMALL_CLASSES;
}

static ALWAYS_INLINE void fast_prefetch(const char *slot, size_t usable)
{
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + usable - 1, 1);
}

/* NULL: give up. */
static ALWAYS_INLINE void *fast_allocate(struct heap *heap, size_t size, bool small,
                                         enum allocation_kind kind, unsigned features)
{
    const bool verify = features & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    const bool zero = features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE;
    const bool canaries = features & COMPATMALLOC_CANARIES;
    const vec nothing = vec_repeat(0);

    if (features &
        (CHECK_NEIGHBOURS | GUARD_SAMPLES | PROTECT_FREED | RECORD_CALLERS)) /* there is more to be done */
        return NULL;
    if (unlikely(small ? !fast_is_small(size, features)
                       : size - 1 >= UNPAGED_LIMIT - fast_least_slack(features)))
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
    if (verify && unlikely(whole_differs(slot, class, small, generic_filled(features))))
        return NULL;
    magazine->count = count;
    signal_fence(); /* off the list before it changes: for handlers that call exit() */
    /* The next one of the class is most likely cold; by the time it is asked for it need not be. */
    fast_prefetch(slot_address(class, (&magazine->slots[count])[-2]), class->usable);
    if (zero)
        whole_fill(slot, class, small, nothing);
    size_t slack = class->usable - size;
    kind = kind_in_force(kind, features);
    if (canaries && small && generic_zeroes(features))
        vec_store(slot + class->usable - VEC_BYTES, canary_vector(slot + size, slack, kind));
    else if (canaries)
        canary_write(slot, class->usable, slack, kind);
    state_store(word, state_live(slack));
    return slot;
}

/* `size` is what the caller thinks the block has, NULL if nothing. False: give up. */
static ALWAYS_INLINE bool fast_free(struct heap *heap, void *block, const size_t *size, bool small,
                                    enum allocation_kind kind, unsigned features)
{
    const unsigned first = small ? CLASS_FIRST : CLASS_FIRST + SMALL_CLASSES;
    const unsigned classes = small ? SMALL_CLASSES : CLASS_FIRST_PAGED - first;
    const bool canaries = features & COMPATMALLOC_CANARIES, quarantines = features & COMPATMALLOC_QUARANTINE;
    if (features & (CHECK_NEIGHBOURS | PROTECT_FREED | RECORD_CALLERS))
        return false;
    struct found found;
    if (unlikely(!generic_find(block, first, classes, &found)))
        return false;
    const struct size_class *class = found.class;
    /* The slot will be put into the one or the other. */
    struct quarantine *quarantine = quarantine_of(heap, class);
    struct magazine *magazine = heap_magazine(heap, class);
    uint32_t place = quarantines ? quarantine->room - 1 : magazine->count;
    if (unlikely(place >= (quarantines ? class->batch : class->magazine_capacity)))
        return false;
    /* Every block here has a canary. One in a small slot that is longer than a vector is a rare alignment's.
     */
    const unsigned least = (unsigned)fast_least_slack(features);
    size_t usable = class->usable;
    unsigned over = state_load(found.word) - (STATE_LIVE + least);
    HOLD(over);
    if (unlikely(over > (small ? VEC_BYTES : usable) - least))
        return false;
    size_t slack = (size_t)over + least;
    if (size && unlikely(usable - slack != *size))
        return false;
    kind = kind_in_force(kind, features);
    if (canaries && small) {
        vec there = vec_load((char *)block + usable - VEC_BYTES);
        vec expected = canary_vector((char *)block + usable - slack, slack, kind);
        if (unlikely(!vec_is_zero_under(vec_xor(there, expected), constants.canary.window + slack)))
            return false;
    } else if (canaries && unlikely(!canary_intact(block, usable, slack, kind))) {
        return false;
    }
    if (unlikely(!generic_claim_as_seen(found.word, (state_word)(over + least + STATE_LIVE), STATE_FREED)))
        return false;
    signal_fence(); /* what is needed again is loaded again: there are no registers for it */
    if (generic_fills(features))
        whole_fill(block, class, small, generic_filled(features));
    signal_fence();
    if (!quarantines)
        magazine_push(magazine, place, found.slot);
    else if (unlikely(quarantine_put(quarantine, place, found.slot)))
        quarantine_pass_on_own(class);
    return true;
}

#endif
