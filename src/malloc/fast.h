/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fast path: blocks of up to 120 bytes while nothing is out of the ordinary. No calls, no loops, no
 * branch that depends on the size, and no effect before it is certain that all is well: else it gives up, and
 * the generic path does it again from the start, finds out why, and reports what is to be reported.
 */
#ifndef FAST_H
#define FAST_H

#include "generic.h"

/* Slots of up to 128 bytes: four vectors at 0, 32, 64 and the end cover them, each clipped to the end. */
#define FAST_USABLE  (4 * VEC_BYTES)
#define FAST_CLASSES 7u /* CLASS_FIRST and the next six */

struct fast_parts {
    char *second, *third, *last;
};

/* Where they go in the slots of a class. */
static inline void fast_shape(struct size_class *class)
{
    size_t end = class->usable >= VEC_BYTES ? class->usable - VEC_BYTES : 0;
    class->second = (uint8_t)fill_clip(32, end);
    class->third = (uint8_t)fill_clip(64, end);
}

static ALWAYS_INLINE struct fast_parts fast_parts(char *slot, const struct size_class *class)
{
    return (struct fast_parts){slot + class->second, slot + class->third, slot + class->usable - VEC_BYTES};
}

/* The class of a size that the fast path is for; the same as the table says. */
static ALWAYS_INLINE unsigned fast_class(size_t size, bool canaries)
{
    unsigned sixteens = (unsigned)(size + (canaries ? CANARY_MINIMUM : 0) + 15) / 16;
    return (sixteens < 2 ? 2 : sixteens) - 1;
}

static ALWAYS_INLINE void fast_prefetch(const char *slot, size_t usable)
{
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + usable - 1, 1);
}

/* NULL: give up. */
static ALWAYS_INLINE void *fast_allocate(struct heap *heap, size_t size, enum allocation_kind kind,
                                         unsigned features)
{
    const bool verify = features & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    const bool zero = features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE;
    const bool canaries = features & COMPATMALLOC_CANARIES;
    const vec nothing = vec_repeat(0), filled = generic_filled(features);

    if (features & (CHECK_NEIGHBOURS | GUARD_SAMPLES)) /* BUSY is to be stored, or blocks counted */
        return NULL;
    if (unlikely(size - 1 >= FAST_USABLE - (canaries ? CANARY_MINIMUM : 0)))
        return NULL;
    unsigned c = fast_class(size, canaries);
    const struct size_class *class = &constants.classes[c];
    unsigned count = heap->count[c];
    if (unlikely(count - 1 >= class->magazine_capacity)) /* empty, or a count that cannot be */
        return NULL;
    const uint32_t *top = heap_magazine(heap, class) + count - 1;
    uint32_t number = top[0], next = top[-2]; /* what stands before a magazine may be prefetched as well */
    if (unlikely(number >= class->slots))
        return NULL;
    char *slot = slot_address(class, number);
    state_word *word = slot_state(class, number);
    if (unlikely(state_load(word) != STATE_FREED))
        return NULL;
    size_t usable = class->usable, slack = usable - size;
    struct fast_parts parts = fast_parts(slot, class);
    if (verify) {
        vec difference =
            vec_or(vec_or(fill_difference(slot, filled), fill_difference(parts.second, filled)),
                   vec_or(fill_difference(parts.third, filled), fill_difference(parts.last, filled)));
        if (unlikely(!vec_is_zero(difference)))
            return NULL;
    }
    heap->count[c] = (uint16_t)(count - 1);
    __atomic_signal_fence(
        __ATOMIC_SEQ_CST); /* off the list before it changes: for handlers that call exit() */
    /* The next one of the class is most likely cold; by the time it is asked for it need not be. */
    fast_prefetch(slot_address(class, next), usable);
    if (zero) {
        vec_store(slot, nothing);
        vec_store(parts.second, nothing);
        vec_store(parts.third, nothing);
    }
    vec canary = canaries ? canary_vector(slot, slack, kind_in_force(kind, features)) : nothing;
    if (canaries && !generic_zeroes(features))
        canary = vec_or(canary, vec_andnot(canary_mask(slack), vec_load(parts.last)));
    if (canaries || zero)
        vec_store(parts.last, canary);
    state_store(word, state_live(slack));
    return slot;
}

#define SIZE_NOT_STATED SIZE_MAX

/* `size` is what the caller thinks the block has. False: give up. */
static ALWAYS_INLINE bool fast_free(struct heap *heap, void *block, size_t size, enum allocation_kind kind,
                                    unsigned features)
{
    const bool canaries = features & COMPATMALLOC_CANARIES, quarantine = features & COMPATMALLOC_QUARANTINE;
    if (generic_is_watched(features))
        return false;
    struct found found = generic_find(block);
    if (unlikely(!found.word) || unlikely(found.class - CLASS_FIRST >= FAST_CLASSES))
        return false;
    const struct size_class *class = &constants.classes[found.class];
    if (unlikely(heap->count[found.class] >= class->magazine_capacity) ||
        (quarantine && unlikely(heap->random->left == 0)))
        return false;
    state_word state = state_load(found.word);
    size_t usable = class->usable, slack = state_slack(state);
    /* Every block here has a canary, and one in these classes that is longer than a vector is a rare
     * alignment's. */
    const size_t least = canaries ? CANARY_MINIMUM : 0;
    if (unlikely(!state_is_live(state)) || unlikely(slack - least > VEC_BYTES - least))
        return false;
    if (size != SIZE_NOT_STATED && unlikely(usable - slack != size))
        return false;
    if (canaries) {
        vec there = vec_and(vec_load((char *)block + usable - VEC_BYTES), canary_mask(slack));
        vec expected = canary_vector(block, slack, kind_in_force(kind, features));
        if (unlikely(!vec_is_zero(vec_xor(there, expected))))
            return false;
    }
    if (unlikely(!generic_claim_as_seen(found.word, state, STATE_FREED)))
        return false;
    __atomic_signal_fence(
        __ATOMIC_SEQ_CST); /* what is needed again is loaded again: there are no registers for it */
    if (generic_fills(features)) {
        const vec filled = generic_filled(features);
        struct fast_parts parts = fast_parts(block, class);
        vec_store(block, filled);
        vec_store(parts.second, filled);
        vec_store(parts.third, filled);
        vec_store(parts.last, filled);
    }
    signal_fence();
    uint32_t leaving = found.slot;
    if (quarantine)
        leaving = quarantine_exchange(heap, class, found.class, found.slot, random_next(heap->random));
    /* Branch-free: what is not pushed is overwritten by the next that is. */
    unsigned count = heap->count[found.class];
    heap_magazine(heap, class)[count] = leaving;
    signal_fence();
    heap->count[found.class] = (uint16_t)(count + (leaving != 0));
    return true;
}

#endif
