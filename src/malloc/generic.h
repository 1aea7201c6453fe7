/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * malloc and free of slots of any class, for any set of features: what the fast path (fast.h) goes on to when
 * anything is out of the ordinary. Each paths_*.c instantiates it with its own set as a constant, which the
 * compiler folds.
 */
#ifndef GENERIC_H
#define GENERIC_H

#include "canary.h"
#include "fill.h"
#include "fresh.h"
#include "heap.h"
#include "misuse.h"
#include "neighbours.h"
#include "quarantine.h"
#include "refill.h"
#include "sites.h"
#include "slot.h"
#include "tags.h"

#include <sys/single_threaded.h>

static ALWAYS_INLINE vec generic_filled(unsigned features)
{
    unsigned poisons = COMPATMALLOC_POISON_ON_FREE;
    if (!(features & COMPATMALLOC_ZERO_ON_FREE))
        poisons |= COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    return vec_repeat(features & poisons ? constants.poison : 0);
}

static ALWAYS_INLINE bool generic_fills(unsigned features)
{
    return features &
           (COMPATMALLOC_POISON_ON_FREE | COMPATMALLOC_WRITE_AFTER_FREE_CHECK | COMPATMALLOC_ZERO_ON_FREE);
}

/* Whether a slot handed out is zero all over. */
static ALWAYS_INLINE bool generic_zeroes(unsigned features)
{
    return features & COMPATMALLOC_ZERO_ON_FREE;
}

/* Whether other threads may look at what is in a slot while its owner changes; they skip it while it is BUSY.
 */
static ALWAYS_INLINE bool generic_is_watched(unsigned features)
{
    return features & CHECK_NEIGHBOURS;
}

/* Prepare a free slot for its new owner: verified and zeroed. False if it was written to while it was free.
 */
static ALWAYS_INLINE bool generic_prepare(const struct size_class *class, char *slot, state_word state,
                                          unsigned features)
{
    if (likely(state == STATE_FREED)) {
        if (features & COMPATMALLOC_WRITE_AFTER_FREE_CHECK) {
            /* Without poison the slot has been zeroed by its free. */
            bool zero = features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE;
            const char *part = fill_verify(slot, class->usable, generic_filled(features), zero);
            if (unlikely(part != NULL)) {
                misuse_write_after_free(class, slot, part, constants.fill, "malloc");
                return false;
            }
        } else if (features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE) {
            fill_slot(slot, class->usable, vec_repeat(0));
        }
        return true;
    }
    return class == &constants.classes[CLASS_ZERO] || fresh_prepare(class, slot, state);
}

/* A free slot of the class, prepared for its new owner, and its state word; NULL when there is no memory. */
static ALWAYS_INLINE char *generic_take(struct heap *heap, unsigned c, unsigned features, state_word **taken)
{
    const struct size_class *class = &constants.classes[c];
    const uint32_t *slots = heap_magazine(heap, class);
    for (;;) {
        uint32_t count = heap->stock.counts[c];
        if (unlikely(count - 1 >= class->magazine_capacity)) {
            if (unlikely(count != 0))
                misuse_metadata(class, NULL, "the count of a magazine", "malloc");
            count = magazine_refill(heap, c);
            if (unlikely(count == 0))
                return NULL;
        }
        heap->stock.counts[c] = --count;
        uint32_t slot = slots[count];
        char *block = slot_address(class, slot);
        if (unlikely(!slot_exists(class, slot))) {
            misuse_metadata(class, block, "an entry of a magazine", "malloc");
            continue;
        }
        state_word *word = slot_state(class, slot);
        state_word state = state_load(word);
        if (unlikely(!state_is_available(state) ||
                     (state == STATE_FRESH && !slot_run(class, slot)->active))) {
            misuse_metadata(class, block, "the state of a slot about to be handed out", "malloc");
            continue;
        }
        /* What is known to be zero may be looked at by checks of the heap, whoever has it. */
        if (generic_is_watched(features) || unlikely(state != STATE_FREED))
            state_store_before(word, STATE_BUSY);
        if (unlikely(!generic_prepare(class, block, state, features))) {
            state_store(word, STATE_RETIRED);
            continue;
        }
        *taken = word;
        return block;
    }
}

/* A block of that size from a class that fits it, or NULL when there is no memory. size > 0. */
static ALWAYS_INLINE void *generic_allocate(struct heap *heap, unsigned c, size_t size,
                                            enum allocation_kind kind, unsigned features)
{
    const struct size_class *class = &constants.classes[c];
    size_t slack = class->usable - size;
    state_word *word = NULL;
    features = tags_leave(c, features);
    char *block = generic_take(heap, c, features, &word);
    if (unlikely(!block))
        return NULL;
    if (features & COMPATMALLOC_CANARIES)
        canary_write(block, class->usable, slack, kind_in_force(kind, features));
    if (features & RECORD_CALLERS)
        sites_note_allocation(block);
    state_store(word, state_live(slack));
    return block;
}

/* With threads, one exchange decides between two that free the same block at the same moment. */
static ALWAYS_INLINE bool generic_exchange(state_word *word, state_word seen, state_word claimed)
{
    return __atomic_compare_exchange_n(word, &seen, claimed, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Take a live slot out of its owner's hands and leave it in another state; false (and nothing done) if it is
 * not live. */
static ALWAYS_INLINE bool generic_claim(state_word *word, state_word *state, state_word claimed)
{
    *state = state_load(word);
    if (unlikely(!state_is_live(*state)))
        return false;
    if (!__libc_single_threaded)
        return generic_exchange(word, *state, claimed);
    state_store_before(word, claimed);
    return true;
}

/* Hand a claimed slot on: to the quarantine, or to the magazine at once. */
static ALWAYS_INLINE void generic_put(struct heap *heap, const struct size_class *class, unsigned c,
                                      uint32_t slot, unsigned features)
{
    if (features & COMPATMALLOC_QUARANTINE) {
        if (unlikely(heap->stock.rooms[c] - 1 >= class->batch))
            quarantine_pass_on(heap, class);
        if (unlikely(quarantine_put(quarantine_front(heap, class), &heap->stock.rooms[c],
                                    heap->stock.rooms[c] - 1, slot)))
            quarantine_pass_on(heap, class);
    } else {
        magazine_put(heap, class, c, slot);
    }
}

struct found {
    state_word *word;
    const struct size_class *class; /* CLASS_ZERO's slots have no memory behind them */
    uint32_t slot;
};

/* The slot whose start the pointer is, live or not, if it is of these classes. Not of CLASS_GUARDED, whose
 * blocks do not begin where their slots do. */
static ALWAYS_INLINE bool generic_find(const void *block, unsigned first, unsigned classes,
                                       struct found *found)
{
    size_t c = class_of_address(block);
    if (unlikely(c - first >= classes))
        return false;
    const struct size_class *class = &constants.classes[c];
    HOLD(class);
    uint64_t offset = (uint64_t)((uintptr_t)block - (uintptr_t) class->base), slot;
    if (unlikely(!slot_begins(class, offset, &slot)) || unlikely(!slot_exists_in((unsigned)c, slot)))
        return false;
    *found = (struct found){slot_state(class, (uint32_t)slot), class, (uint32_t)slot};
    return true;
}

/* Whether it is a live slot's block of exactly that size. */
static ALWAYS_INLINE bool generic_has_size(const void *block, size_t size)
{
    struct found found;
    if (unlikely(!generic_find(block, 0, CLASS_GUARDED, &found)))
        return false;
    state_word state = state_load(found.word);
    return state_is_live(state) && found.class->usable - state_slack(state) == size;
}

/* Free the block if it is a live slot. False if it is not: a large block, or a misuse. */
static ALWAYS_INLINE bool generic_free(struct heap *heap, void *block, const char *operation,
                                       enum allocation_kind kind, unsigned features)
{
    struct found found;
    state_word state;
    state_word claimed = generic_is_watched(features) ? STATE_BUSY : STATE_FREED;
    if (unlikely(!generic_find(block, 0, CLASS_GUARDED, &found)) ||
        unlikely(!generic_claim(found.word, &state, claimed)))
        return false;
    const struct size_class *class = found.class;
    unsigned c = class_index(class);
    features = tags_leave(c, features);
    size_t least = c - CLASS_FIRST < CLASS_FIRST_PAGED - CLASS_FIRST && features & COMPATMALLOC_CANARIES
                       ? CANARY_MINIMUM
                       : 0;
    if (unlikely(state_slack(state) - least > class->usable - least)) {
        misuse_metadata(class, block, "the size of a block", operation);
        state_store(found.word, STATE_RETIRED);
        return true;
    }
    if (likely(c != CLASS_ZERO)) {
        if (features & COMPATMALLOC_CANARIES &&
            unlikely(
                !canary_intact(block, class->usable, state_slack(state), kind_in_force(kind, features))) &&
            !misuse_canary(class, block, state_slack(state), operation)) {
            state_store(found.word, STATE_RETIRED);
            return true;
        }
        if (features & CHECK_NEIGHBOURS)
            neighbours_check(class, found.slot, operation);
        if (features & PROTECT_FREED && fresh_close(class, block))
            claimed = STATE_CLOSED;
        else if (generic_fills(features))
            fill_slot(block, class->usable, generic_filled(features));
    }
    if (features & RECORD_CALLERS)
        sites_note_free(block);
    if (features & (CHECK_NEIGHBOURS | PROTECT_FREED))
        state_store(found.word, claimed == STATE_CLOSED ? STATE_CLOSED : STATE_FREED);
    heap_look_at_limit(heap, c); /* it may have been all that the fast path did not know */
    generic_put(heap, class, c, found.slot, features);
    return true;
}

/* The class for a request of up to UNPAGED_LIMIT bytes with the canary. */
static ALWAYS_INLINE unsigned generic_class_unpaged(size_t size, unsigned features)
{
    size_t slack = features & COMPATMALLOC_CANARIES ? CANARY_MINIMUM : 0;
    return constants.class_of_small[(size + slack + 15) / 16];
}

/* The largest request that gets a slot below CLASS_FIRST_PAGED. */
static ALWAYS_INLINE size_t generic_unpaged_most(unsigned features)
{
    size_t slack = features & COMPATMALLOC_CANARIES ? CANARY_MINIMUM : 0;
    return features & PROTECT_FREED ? min_size(constants.page_size, UNPAGED_LIMIT) - 1 - slack
                                    : UNPAGED_LIMIT - slack;
}

/* The class for a request, 0 < size; or CLASS_COUNT: a large block. */
static ALWAYS_INLINE unsigned generic_class(size_t size, unsigned features)
{
    if (likely(size - 1 < generic_unpaged_most(features)))
        return generic_class_unpaged(size, features);
    if (likely(size - 1 < SMALL_LIMIT - constants.slack_minimum_paged))
        return constants.class_of_paged[(size + constants.slack_minimum_paged + 4095) / 4096];
    return CLASS_COUNT;
}

#endif
