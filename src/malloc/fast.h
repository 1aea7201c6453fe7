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
    if (features & PROTECT_FREED && shape == SHAPE_LONG)
        return size - 1 < generic_unpaged_most(features);
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
    const uint8_t vectors[] = {1, WIDE_THERE ? 2 : 1, 2, 3, 0};
    return vectors[shape];
}

static ALWAYS_INLINE size_t fast_most_slack(const struct size_class *class, enum shape shape)
{
    return shape == SHAPE_LONG ? class->usable : fast_canary_vectors(shape) * VEC_BYTES;
}

/* A program frees blocks mostly in the order in which it allocated them: upwards in each of the runs that a
 * refill mixes, and those are more than processors follow by themselves. So many bytes ahead. */
#define FAST_FREED_AHEAD 256

static ALWAYS_INLINE void fast_prefetch(const char *slot, size_t usable, enum shape shape)
{
    __builtin_prefetch(slot, 1);
    if (shape != SHAPE_SMALL) /* the rest of a small one is mostly on the same line */
        __builtin_prefetch(slot + usable - 1, 1);
}

/* What a magazine holds at most: of the smaller slots so many, which spares a look-up. */
static ALWAYS_INLINE uint32_t fast_magazine_most(const struct size_class *class, enum shape shape)
{
    return shape_usable(shape) <= 256 ? MAGAZINE_MOST : class->magazine_capacity;
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
    vec last = vec_load(end - VEC_BYTES);
    VEC_HOLD(last); /* before a register is needed for the mixing */
    uint64_t mixed = canary_mixed(end - slack, kind);
    last = vec_xor(last, canary_vector(mixed, slack, 1));
    if (fast_canary_vectors(shape) == 1)
        return vec_is_zero_under(last, canary_mask(slack, 1));
    vec difference = vec_and(last, vec_load(canary_mask(slack, 1)));
    for (unsigned n = 2; n <= fast_canary_vectors(shape); n++) {
        vec there = vec_xor(vec_load(end - n * VEC_BYTES), canary_vector(mixed, slack, n));
        difference = vec_or(difference, vec_and(there, vec_load(canary_mask(slack, n))));
    }
    return vec_is_zero(difference);
}

static ALWAYS_INLINE const struct size_class *fast_class(size_t c)
{
    const struct size_class *class = &constants.classes[c];
    HOLD(class); /* found once */
    return class;
}

/* Whether a slot that was never used may be the first one to be used of some page: what reaches into one
 * first, as runs are handed out upwards; and the first of its run, where a page has two. The first runs are
 * not. */
static ALWAYS_INLINE bool fast_enters_page(const struct size_class *class, uint32_t number, const char *slot)
{
    uintptr_t before = (uintptr_t)slot - class->usable, last = (uintptr_t)slot + class->usable - 1;
    return number < SLOT_TABLE_FIRST || number % RUN_SLOTS == 0 || (before ^ last) >= constants.page_size;
}

/* If the next slot is in that state, which is FREED or FRESH. NULL: give up. */
static ALWAYS_INLINE void *fast_allocate(struct heap *heap, size_t size, enum shape shape, state_word state,
                                         enum allocation_kind kind, unsigned features)
{
    const bool freed = state == STATE_FREED;
    const bool verify = features & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    const bool zero = freed && features & COMPATMALLOC_ZERO_ON_FREE && features & COMPATMALLOC_POISON_ON_FREE;
    const bool canaries = features & COMPATMALLOC_CANARIES;
    const bool canary_vectors = canaries && shape != SHAPE_LONG && (generic_zeroes(features) || !freed);

    unsigned c = generic_class_unpaged(size, features);
    const struct size_class *class = fast_class(c);
    size_t count = (size_t)heap->stock.counts[c] - 1;
    HOLD(count);
    if (unlikely(count >= fast_magazine_most(class, shape))) /* empty, or a count that cannot be */
        return NULL;
    if (features & GUARD_SAMPLES && unlikely(heap->until_sample == 0))
        return NULL;
    const uint32_t *top = heap_magazine(heap, class) + count;
    uint32_t number = *top;
    if (unlikely(number >= heap->stock.limits[c]))
        return NULL;
    state_word *word = slot_state(class, number);
    if (unlikely(state_load(word) != state))
        return NULL;
    if (!freed && unlikely(!slot_run(class, number)->active))
        return NULL;
    char *slot = slot_address(class, number);
    HOLD(slot);
    signal_fence(); /* so that what is needed again is loaded again: there are no registers for it */
    size_t usable = class->usable;
    /* One that comes soon is most likely cold; by the time it is asked for it need not be. */
    fast_prefetch(slot_address(class, top[-FAST_AHEAD]), usable, shape);
    if (!freed && unlikely(fast_enters_page(class, number, slot)))
        fresh_touch(slot, usable);
    if (verify && unlikely(whole_differs(slot, whole_of(class, shape), shape,
                                         freed ? generic_filled(features) : vec_repeat(0))))
        return NULL;
    heap->stock.counts[c] = (uint32_t)count;
    signal_fence(); /* off the list before it changes: for handlers that call exit() */
    if (features & GUARD_SAMPLES)
        heap->until_sample--;
    if (generic_is_watched(features) || !freed)
        state_store_before(word, STATE_BUSY);
    if (zero)
        whole_fill(slot, whole_of(class, shape), shape, canary_vectors ? fast_canary_vectors(shape) : 0,
                   vec_repeat(0));
    size_t slack = usable - size;
    kind = kind_in_force(kind, features);
    if (canary_vectors)
        fast_write_canary(slot, usable, slack, kind, shape);
    else if (canaries)
        canary_write(slot, usable, slack, kind);
    if (features & RECORD_CALLERS)
        sites_note_allocation(slot);
    state_store(word, state_live(slack));
    return slot;
}

/* The slot of these classes whose start the pointer is, if the heap knows of it. */
static ALWAYS_INLINE bool fast_find(const struct heap *heap, const void *block, enum shape shape,
                                    const struct size_class **of, size_t *c, uint32_t *slot)
{
    *c = class_of_address(block);
    if (unlikely(*c - shape_first_class(shape) >= shape_span(shape)))
        return false;
    const struct size_class *class = fast_class(*c);
    *of = class;
    uint64_t number;
    if (unlikely(!slot_begins(class, (uint64_t)((uintptr_t)block - (uintptr_t) class->base), &number)) ||
        unlikely(number >= heap->stock.limits[*c]))
        return false;
    *slot = (uint32_t)number;
    return true;
}

/* Whose slack over the least has just been seen to be that. */
static ALWAYS_INLINE bool fast_claim(state_word *word, size_t over, size_t least, state_word claimed)
{
    if (__libc_single_threaded) {
        state_store_before(word, claimed);
        return true;
    }
    HOLD(over);
    return generic_exchange(word, (state_word)(over + least + STATE_LIVE), claimed);
}

/* `size` is what the caller thinks the block has, NULL if nothing. False: give up. */
static ALWAYS_INLINE bool fast_free(struct heap *heap, void *block, const size_t *size, enum shape shape,
                                    enum allocation_kind kind, unsigned features)
{
    const bool canaries = features & COMPATMALLOC_CANARIES, quarantines = features & COMPATMALLOC_QUARANTINE;
    __builtin_prefetch((const char *)block + FAST_FREED_AHEAD, 1);
    const struct size_class *class = NULL;
    size_t c = 0;
    uint32_t number = 0;
    if (unlikely(!fast_find(heap, block, shape, &class, &c, &number)))
        return false;
    state_word *word = slot_state(class, number);
    /* Every block here has a canary. */
    const size_t least = fast_least_slack(features);
    const size_t usable = class->usable;
    size_t over = state_load(word) - (STATE_LIVE + least);
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
    if (features & CHECK_NEIGHBOURS &&
        unlikely(!neighbours_are_whole(class, number, heap->stock.limits[c], block, kind)))
        return false;
    /* The slot will be put into the one or the other. */
    size_t place = quarantines ? (size_t)heap->stock.rooms[c] - 1 : heap->stock.counts[c];
    HOLD(place);
    if (unlikely(place >= (quarantines ? BATCH_MOST : fast_magazine_most(class, shape))))
        return false;
    const state_word claimed = generic_is_watched(features) ? STATE_BUSY : STATE_FREED;
    if (unlikely(!fast_claim(word, over, least, claimed)))
        return false;
    signal_fence(); /* what is needed again is loaded again: there are no registers for it */
    if (generic_fills(features))
        whole_fill(block, whole_of(class, shape), shape, 0, generic_filled(features));
    if (features & RECORD_CALLERS)
        sites_note_free(block);
    if (generic_is_watched(features))
        state_store(word, STATE_FREED);
    signal_fence();
    if (!quarantines)
        magazine_push(heap_magazine(heap, class), &heap->stock.counts[c], place, number);
    else if (unlikely(quarantine_put(quarantine_front(heap, class), &heap->stock.rooms[c], place, number)))
        quarantine_pass_on_own(class);
    return true;
}

#endif
