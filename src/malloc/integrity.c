/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public header's view of the library, and the check of the whole heap. */
#include <string.h>

#include "canary.h"
#include "compatmalloc.h"
#include "fill.h"
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

/* Only slots in a bitmap are looked at: what is in a magazine or a quarantine may be on its way in or out. */
static bool freed_is_sound(const struct size_class *class, char *slot, size_t *damage)
{
    size_t count;
    *damage = fill_first_damage(slot, 0, class->usable, constants.fill, &count);
    return *damage == class->usable;
}

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
    size_t damage;
    if (state == STATE_FREED &&
        constants.features & FEATURES_COMPILED & COMPATMALLOC_WRITE_AFTER_FREE_CHECK && run->free & bit &&
        !freed_is_sound(class, address, &damage) && run->free & bit && state_load(word) == STATE_FREED) {
        misuse_write_after_free(class, address, address + damage, constants.fill, "check");
        return 1;
    }
    return 0;
}

EXPORT size_t compatmalloc_check_integrity(void)
{
    size_t problems = 0;
    if (start_is_passthrough())
        return 0;
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT; c++) {
        const struct size_class *class = &constants.classes[c];
        uint32_t frontier = region_frontier(c);
        for (uint32_t slot = 0; slot < frontier; slot++) {
            char *extent = slot_extent(class, slot);
            if (!extent)
                slot |= (1u << class->extent_shift) - 1;
            else if (slot_run(class, slot)->active)
                problems += check_slot(class, slot, extent_state(extent, slot_in_extent(class, slot)));
        }
    }
    return problems + large_check();
}
