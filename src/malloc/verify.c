/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "verify.h"

#include <sys/single_threaded.h>

#include "canary.h"
#include "fill.h"
#include "guarded.h"
#include "misuse.h"
#include "turn.h"

/* A block that its owner resizes to and fro may seem damaged in the same state a few times in a row. */
#define LOOKS 8

struct part verify_part(const struct size_class *class, uint32_t slot)
{
    struct part part = {class, slot_address(class, slot), slot_state(class, slot), 0, 0, class->usable};
    part.state = __atomic_load_n(part.word, __ATOMIC_ACQUIRE);
    return part;
}

static bool canary_is_whole(const struct part *part)
{
    size_t usable = part->class->usable, slack = state_slack(part->state);
    return slack > usable || !(constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES) ||
           canary_kind(part->slot, usable, slack) != KIND_COUNT;
}

static uint64_t content(const struct part *part)
{
    return part->state == STATE_FREED ? constants.fill : 0;
}

/* Whether it is known what a free slot holds: zero all over, or what its free wrote. */
static bool content_is_known(state_word state)
{
    bool checked = constants.features & FEATURES_COMPILED & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    return state == STATE_FRESH || state == STATE_GUARD || state == STATE_PURGED ||
           (state == STATE_FREED && checked);
}

static bool is_whole_now(const struct part *part)
{
    if (state_is_live(part->state))
        return part->class == &constants.classes[CLASS_GUARDED] ? guarded_is_whole(part->slot, part->state)
                                                                : canary_is_whole(part);
    return !content_is_known(part->state) || fill_is_whole(part->slot, part->from, part->to, content(part));
}

bool verify_is_whole(const struct part *part)
{
    for (int look = 0; look < LOOKS; look++) {
        if (is_whole_now(part))
            return true;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (state_load(part->word) != part->state)
            return true;
        if (__libc_single_threaded)
            return false;
        turn_pause();
    }
    return false;
}

size_t verify_first_damage(const struct part *part, size_t *count)
{
    size_t usable = part->class->usable, slack = state_slack(part->state);
    if (state_is_live(part->state))
        return usable - slack + canary_first_damage(part->slot, usable, slack, count);
    return fill_first_damage(part->slot, part->from, part->to, content(part), count);
}

void verify_report(const struct part *part, const char *operation)
{
    if (state_is_live(part->state))
        misuse_overflow(part->class, part->slot, state_slack(part->state), operation);
    else
        misuse_write_after_free(part->class, part->slot, part->slot + part->from, content(part), operation);
}
