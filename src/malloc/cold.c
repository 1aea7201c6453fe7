/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cold.h"

#include <errno.h>
#include <string.h>

#include "caller.h"
#include "generic.h"
#include "guarded.h"
#include "large.h"
#include "operators.h"
#include "start.h"
#include "trim.h"

/* A heap for the time of one call: the thread's own, or else the shared one, locked. */
struct borrowed {
    struct heap *heap;
    bool shared;
};

static struct borrowed borrow(void)
{
    struct heap *heap = heap_current();
    if (!heap)
        heap = heap_attach();
    if (heap)
        return (struct borrowed){heap, false};
    return (struct borrowed){heap_lock_shared(), true};
}

static void give_back(struct borrowed borrowed)
{
    if (borrowed.shared)
        heap_unlock_shared();
}

static unsigned in_force(void)
{
    return constants.features & (FEATURES_COMPILED | CHECKS_ALL);
}

/* The smallest class that serves the request, or CLASS_COUNT if it must be a large block. */
static unsigned class_for(size_t alignment, size_t size)
{
    unsigned c = generic_class(max_size(size, 1), in_force());
    if (alignment <= MALLOC_ALIGNMENT)
        return size == 0 ? CLASS_ZERO : c;
    if (c == CLASS_COUNT || alignment > constants.page_size)
        return CLASS_COUNT;
    while (c < CLASS_GUARDED && constants.classes[c].stride % alignment != 0)
        c++;
    return c < CLASS_GUARDED && constants.classes[c].usable - size <= SLACK_MAX ? c : CLASS_COUNT;
}

static void *allocate_slot(unsigned c, size_t size, enum allocation_kind kind, bool zeroed)
{
    unsigned features = c == CLASS_ZERO ? 0 : in_force();
    struct borrowed borrowed = borrow();
    void *block = generic_allocate(borrowed.heap, c, size, kind, features);
    give_back(borrowed);
    if (block && zeroed && !generic_zeroes(features) && c != CLASS_ZERO)
        memset(block, 0, size);
    return block;
}

static void *allocate_once(size_t alignment, size_t size, enum allocation_kind kind, bool zeroed)
{
    unsigned c = class_for(alignment, size);
    void *block = c < CLASS_COUNT ? allocate_slot(c, size, kind, zeroed) : NULL;
    return block ? block : large_allocate(alignment, size, kind_in_force(kind, in_force()));
}

void *cold_allocate(size_t alignment, size_t size, enum allocation_kind kind, bool zeroed)
{
    void *block = NULL;
    if (size <= SIZE_LIMIT - alignment && start_process()) {
        struct trim_emergency emergency = trim_emergency_none();
        block = allocate_once(alignment, size, kind, zeroed);
        while (unlikely(!block) && trim_emergency(size, &emergency))
            block = allocate_once(alignment, size, kind, zeroed);
    }
    if (likely(block != NULL))
        return block;
    if (kind != KIND_MALLOC)
        return operators_out_of_memory(alignment, size, kind);
    errno = ENOMEM;
    return NULL;
}

void *cold_allocate_aligned(size_t alignment, size_t size, enum allocation_kind kind)
{
    CALLER_NOTE();
    return cold_allocate(alignment, size, kind, false);
}

void cold_free(void *block, const char *operation, enum allocation_kind kind)
{
    if (!start_process())
        return; /* nothing was ever handed out */
    if (class_of_address(block) < CLASS_COUNT) {
        unsigned features = in_force();
        struct borrowed borrowed = borrow();
        bool done = generic_free(borrowed.heap, block, operation, kind, features) ||
                    guarded_free(borrowed.heap, block, operation, kind);
        give_back(borrowed);
        if (done)
            return;
    } else if (large_free(block, operation, kind_in_force(kind, in_force()))) {
        return;
    }
    misuse_bad_pointer(block, operation);
}

/* A slot with a block in it. */
struct live {
    state_word *word; /* NULL: the pointer is no such slot's start */
    state_word state;
    unsigned class;
};

static struct live find_live(const void *block)
{
    struct found found;
    struct live live = {NULL, STATE_FRESH, CLASS_GUARDED};
    uint32_t slot;
    if (generic_find(block, 0, CLASS_GUARDED, &found))
        live = (struct live){found.word, STATE_FRESH, class_index(found.class)};
    else
        live.word = guarded_find(block, &slot);
    if (live.word)
        live.state = state_load(live.word);
    if (!state_is_live(live.state) || state_slack(live.state) > constants.classes[live.class].usable)
        live.word = NULL;
    return live;
}

static size_t live_size(struct live live)
{
    return constants.classes[live.class].usable - state_slack(live.state);
}

/* Whether a block may keep its slot: the right class for the new size, or one that is not much too large. */
static bool fits_in_place(unsigned c, size_t old_size, size_t size)
{
    const struct size_class *class = &constants.classes[c];
    size_t minimum = c >= CLASS_FIRST_PAGED ? constants.slack_minimum_paged : constants.slack_minimum;
    if (c == CLASS_ZERO || size + minimum > class->usable || class->usable - size > SLACK_MAX)
        return false;
    return size >= old_size || class_for(MALLOC_ALIGNMENT, size) == c ||
           size >= class->usable - class->usable / 4;
}

static void *resize_in_place(char *block, struct live live, size_t size)
{
    const struct size_class *class = &constants.classes[live.class];
    bool canaries = in_force() & COMPATMALLOC_CANARIES;
    size_t old_size = live_size(live);
    if (!__atomic_compare_exchange_n(live.word, &live.state, STATE_BUSY, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        misuse_bad_pointer(block, "realloc"); /* freed by another thread this very moment */
        return NULL;
    }
    if (canaries) {
        if (size > old_size)
            memset(block + old_size, 0, size - old_size); /* the new bytes were canary, which is secret */
        canary_write(block, class->usable, class->usable - size, KIND_MALLOC);
    }
    state_store(live.word, state_live(class->usable - size));
    return block;
}

static void *move(void *block, size_t old_size, size_t size)
{
    void *fresh = constants.untagged.malloc(size);
    if (!fresh)
        return NULL;
    memcpy(fresh, block, min_size(old_size, size));
    constants.untagged.release(block, "realloc", KIND_MALLOC);
    return fresh;
}

static void *realloc_slot(char *block, struct live live, size_t size)
{
    const struct size_class *class = &constants.classes[live.class];
    size_t old_size = live_size(live);
    if (live.class == CLASS_GUARDED)
        return move(block, old_size, size); /* its free verifies it */
    if (live.class != CLASS_ZERO && constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES &&
        unlikely(!canary_intact(block, class->usable, class->usable - old_size, KIND_MALLOC)) &&
        !misuse_canary(class, block, class->usable - old_size, "realloc")) {
        /* on-error = log: the owner goes on with a sound block; the damaged slot is taken out of use. */
        void *fresh = constants.untagged.malloc(size);
        if (fresh) {
            memcpy(fresh, block, min_size(old_size, size));
            state_store(live.word, STATE_RETIRED);
        }
        return fresh;
    }
    if (fits_in_place(live.class, old_size, size))
        return resize_in_place(block, live, size);
    return move(block, old_size, size);
}

void *cold_realloc(void *block, size_t size)
{
    CALLER_NOTE();
    if (size > SIZE_LIMIT || !start_process()) {
        errno = ENOMEM;
        return NULL;
    }
    struct live live = find_live(block);
    if (live.word)
        return realloc_slot(block, live, size);

    size_t old_size;
    void *resized;
    if (class_of_address(block) < CLASS_COUNT || !large_size(block, &old_size)) {
        misuse_bad_pointer(block, "realloc");
        errno = ENOMEM;
        return NULL;
    }
    if (size > SMALL_LIMIT && large_resize(block, size, &resized) && resized)
        return resized;
    return move(block, old_size, size);
}

size_t cold_usable_size(void *block)
{
    CALLER_NOTE();
    size_t size;
    if (start_process()) {
        struct live live = find_live(block);
        bool exact = constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES;
        if (live.word)
            return exact ? live_size(live) : constants.classes[live.class].usable;
        if (class_of_address(block) >= CLASS_COUNT && large_size(block, &size))
            return size;
    }
    misuse_bad_pointer(block, "malloc_usable_size");
    return 0;
}

void cold_free_sized(void *block, size_t alignment, size_t size, const char *operation,
                     enum allocation_kind kind)
{
    size_t actual;
    if (!start_process())
        return;
    struct live live = find_live(block);
    if (live.word)
        actual = live_size(live);
    else if (class_of_address(block) < CLASS_COUNT || !large_size(block, &actual)) {
        misuse_bad_pointer(block, operation);
        return;
    }
    if (actual != size)
        misuse_wrong_size(block, actual, size, "the size is not the one that was allocated", operation);
    else if (alignment != 0 && (!is_power_of_two(alignment) || ((uintptr_t)block & (alignment - 1)) != 0))
        misuse_wrong_size(block, actual, size, "the block does not have the alignment that is claimed",
                          operation);
    constants.untagged.release(block, operation, kind);
}
