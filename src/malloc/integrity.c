/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public header's view of the library, and the check of the whole heap. */
#include <string.h>

#include "canary.h"
#include "compatmalloc.h"
#include "fill.h"
#include "heap.h"
#include "large.h"
#include "misuse.h"
#include "region.h"
#include "slot.h"
#include "start.h"

EXPORT const char *compatmalloc_version(void)
{
    return COMPATMALLOC_VERSION_STRING;
}

EXPORT unsigned compatmalloc_features(void)
{
    return start_is_passthrough() ? 0 : constants.features;
}

EXPORT const char *compatmalloc_features_string(void)
{
    static const char *const names[FEATURE_COUNT] = FEATURE_NAMES;
    static char text[160];
    char built[sizeof text] = "";
    unsigned features = compatmalloc_features();
    size_t length = 0;
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (!(features & 1u << i))
            continue;
        if (length != 0)
            built[length++] = ' ';
        size_t name = strlen(names[i]);
        memcpy(built + length, names[i], name);
        length += name;
    }
    /* Every thread writes the same bytes, so it does not matter who was first. */
    memcpy(text, built, length + 1);
    return text;
}

/* A live block's canary is written before its state; a mismatch counts if the state was the same before and
 * after. */
static bool live_is_sound(const struct size_class *class, char *slot, const state_word *word,
                          state_word state)
{
    return !(constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES) ||
           canary_intact(slot, class->usable, state_slack(state)) || state_load(word) != state ||
           canary_intact(slot, class->usable, state_slack(state));
}

static bool verifies_freed(void)
{
    return constants.features & FEATURES_COMPILED & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
}

static size_t check_freed(const struct size_class *class, uint32_t slot)
{
    char *address = slot_address(class, slot);
    size_t count, damage = fill_first_damage(address, 0, class->usable, constants.fill, &count);
    if (damage == class->usable)
        return 0;
    misuse_write_after_free(class, address, address + damage, constants.fill, "check");
    return 1;
}

/* What another thread has in a magazine or a quarantine may be on its way in or out; what is in a bitmap
 * rests there. */
static size_t check_slot(const struct size_class *class, uint32_t slot, state_word *word)
{
    char *address = slot_address(class, slot);
    state_word state = state_load(word);
    if (state_is_live(state) && !live_is_sound(class, address, word, state)) {
        misuse_overflow(class, address, state_slack(state), "check");
        return 1;
    }
    const struct run *run = slot_run(class, slot);
    uint64_t bit = UINT64_C(1) << (slot - run->first_slot);
    bool mine =
        heap_current && atomic_load_explicit(&run->owner, memory_order_relaxed) == heap_current->index;
    return state == STATE_FREED && mine && run->free & bit && verifies_freed() ? check_freed(class, slot) : 0;
}

static size_t check_class(unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t frontier = region_frontier(c);
    size_t problems = 0;
    for (uint32_t slot = 0; slot < frontier; slot++) {
        char *extent = slot_extent(class, slot);
        if (!extent)
            slot |= (1u << class->extent_shift) - 1;
        else if (slot_run(class, slot)->active)
            problems += check_slot(class, slot, extent_state(extent, slot_in_extent(class, slot)));
    }
    return problems;
}

/* The magazine and the quarantine of this thread. */
static size_t check_own(unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    struct heap *heap = heap_current;
    size_t problems = 0;
    if (!heap || !verifies_freed())
        return 0;
    const uint32_t *slots = heap_magazine(heap, class);
    for (unsigned i = 0; i < heap->count[c]; i++)
        if (state_load(slot_state(class, slots[i])) == STATE_FREED)
            problems += check_freed(class, slots[i]);
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_QUARANTINE))
        return problems;
    slots = heap_ring(heap, class);
    for (unsigned i = 0; i < class->ring_mask + 1u + class->mix_mask + 1u; i++)
        if (slots[i] != 0 && state_load(slot_state(class, slots[i])) == STATE_FREED)
            problems += check_freed(class, slots[i]);
    return problems;
}

EXPORT size_t compatmalloc_check_integrity(void)
{
    size_t problems = 0;
    if (start_is_passthrough())
        return 0;
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++)
        problems += check_class(c) + check_own(c);
    return problems + large_check();
}
