/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "guarded.h"

#include "generic.h"
#include "report.h"

#define FIRST_BLOCKS 32
#define INTERVAL     4096u /* on average; the place in each interval is random */
#define LIVE_MOST    1024  /* each costs a page of memory */
#define FRONT_CANARY ((size_t)64)

static _Atomic(int) first_blocks; /* so many have been sampled */
static _Atomic(int) live_blocks;

static const struct size_class *guarded_class(void)
{
    return &constants.classes[CLASS_GUARDED];
}

bool guarded_wants(struct heap *heap, size_t size)
{
    if (likely(heap->until_sample != 0)) {
        heap->until_sample--;
        return false;
    }
    if (atomic_load_explicit(&first_blocks, memory_order_relaxed) < FIRST_BLOCKS)
        atomic_fetch_add_explicit(&first_blocks, 1, memory_order_relaxed);
    else
        heap->until_sample = random_below(heap->random, 2 * INTERVAL);
    return size - 1 < guarded_class()->usable - MALLOC_ALIGNMENT &&
           atomic_load_explicit(&live_blocks, memory_order_relaxed) < LIVE_MOST;
}

/* --- where the block is */

static size_t block_size(state_word state)
{
    return guarded_class()->usable - state_slack(state);
}

size_t guarded_offset(state_word state)
{
    return round_down(state_slack(state), MALLOC_ALIGNMENT);
}

/* From the block to the guard page. */
static size_t room(state_word state)
{
    return guarded_class()->usable - guarded_offset(state);
}

state_word *guarded_find(const void *block, uint32_t *slot)
{
    const struct size_class *class = guarded_class();
    uint64_t offset = (uint64_t)((uintptr_t)block - (uintptr_t) class->base);
    if (class_of_address(block) != CLASS_GUARDED || offset >= slot_span(class))
        return NULL;
    *slot = slot_of_offset(class, offset);
    if (!slot_exists(class, *slot))
        return NULL;
    state_word *word = slot_state(class, *slot), state = state_load(word);
    bool begins = state_is_live(state) && slot_address(class, *slot) + guarded_offset(state) == block;
    return begins ? word : NULL;
}

/* --- canaries */

static size_t front(state_word state)
{
    return min_size(guarded_offset(state), FRONT_CANARY);
}

static void write_canaries(char *block, state_word state, enum allocation_kind kind)
{
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES))
        return;
    size_t gap = front(state);
    canary_write_long(block, room(state), room(state) - block_size(state), KIND_MALLOC);
    canary_write_long(block - gap, gap, gap, kind); /* there is always one in front */
}

static bool verify_end(const char *block, state_word state, const char *operation)
{
    size_t size = block_size(state), slack = room(state) - size, count;
    if (canary_intact_long(block, room(state), slack, KIND_MALLOC))
        return true;
    size_t first = canary_first_damage(block, room(state), slack, &count);
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_OVERFLOW,
                            .operation = operation,
                            .address = block,
                            .requested_size = size,
                            .slot_size = room(state),
                            .offset = first,
                            .bytes = (const unsigned char *)block + size + first,
                            .byte_count = count});
    return false;
}

static bool verify_front(const char *block, state_word state, const char *operation)
{
    size_t gap = front(state), count;
    const char *start = block - gap;
    if (canary_kind(start, gap, gap) != KIND_COUNT)
        return true;
    size_t first = canary_first_damage(start, gap, gap, &count);
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_UNDERFLOW,
                            .operation = operation,
                            .address = block,
                            .requested_size = block_size(state),
                            .slot_size = room(state),
                            .offset = gap - first,
                            .bytes = (const unsigned char *)start + first,
                            .byte_count = count});
    return false;
}

bool guarded_is_whole(const char *slot, state_word state)
{
    const char *block = slot + guarded_offset(state);
    size_t gap = front(state), slack = room(state) - block_size(state);
    return !(constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES) ||
           (canary_intact_long(block, room(state), slack, KIND_MALLOC) &&
            canary_kind(block - gap, gap, gap) != KIND_COUNT);
}

bool guarded_verify(uint32_t slot, state_word state, const char *operation)
{
    const char *block = slot_address(guarded_class(), slot) + guarded_offset(state);
    return !(constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES) ||
           (verify_end(block, state, operation) && verify_front(block, state, operation));
}

/* --- their lives */

static unsigned features_in_force(void)
{
    return constants.features & (FEATURES_COMPILED | CHECKS_ALL);
}

void *guarded_allocate(struct heap *heap, size_t size, enum allocation_kind kind)
{
    unsigned features = features_in_force();
    state_word *word;
    char *slot = generic_take(heap, CLASS_GUARDED, features, &word);
    if (!slot)
        return NULL;
    atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
    state_word state = state_live(guarded_class()->usable - size);
    char *block = slot + guarded_offset(state);
    if (!generic_zeroes(features))
        fill_slot(slot, guarded_class()->usable, vec_repeat(0));
    write_canaries(block, state, kind_in_force(kind, features));
    if (features & RECORD_CALLERS)
        sites_note_allocation(block);
    state_store(word, state);
    return block;
}

static void verify_kind(const char *block, state_word state, const char *operation, enum allocation_kind kind)
{
    size_t gap = front(state);
    enum allocation_kind made = canary_kind(block - gap, gap, gap);
    if (constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES && made != KIND_COUNT && made != kind)
        misuse_kind(block, block_size(state), made, operation);
}

bool guarded_free(struct heap *heap, void *block, const char *operation, enum allocation_kind kind)
{
    const struct size_class *class = guarded_class();
    unsigned features = features_in_force();
    uint32_t number;
    state_word *word = guarded_find(block, &number), state;
    if (!word || !generic_claim(word, &state, STATE_BUSY))
        return false;
    atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
    verify_kind(block, state, operation, kind_in_force(kind, features));
    if (!guarded_verify(number, state, operation)) {
        state_store(word, STATE_RETIRED);
        return true;
    }
    if (features & RECORD_CALLERS)
        sites_note_free(block);
    char *slot = slot_address(class, number);
    bool closed = fresh_close(class, slot);
    if (!closed && generic_fills(features))
        fill_slot(slot, class->usable, generic_filled(features));
    state_store(word, closed ? STATE_CLOSED : STATE_FREED);
    generic_put(heap, class, CLASS_GUARDED, number, features);
    return true;
}
