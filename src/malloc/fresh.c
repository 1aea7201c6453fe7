/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fresh.h"

#include "constants.h"
#include "fill.h"
#include "guard.h"
#include "map.h"
#include "misuse.h"
#include "onlookers.h"

/* Slots never used and longer than this are not verified: nobody has an address in them that would be his to
 * misuse. */
#define VERIFY_UNUSED_LIMIT KIB

static bool is_paged(const struct size_class *class)
{
    return class >= &constants.classes[CLASS_FIRST_PAGED];
}

static size_t page_bytes(const struct size_class *class)
{
    return round_up(class->usable, constants.page_size);
}

void fresh_touch(char *slot, size_t usable)
{
    char *last = slot + usable - 1;
    __atomic_fetch_or(slot, 0, __ATOMIC_RELAXED);
    if (((uintptr_t)slot ^ (uintptr_t)last) >= constants.page_size)
        __atomic_fetch_or(last, 0, __ATOMIC_RELAXED);
}

bool fresh_prepare(const struct size_class *class, char *slot, state_word state)
{
    if (state == STATE_CLOSED) {
        if (!guard_remove(slot, page_bytes(class)))
            return false;
        /* Its canary is read and then written, which would be two faults. */
        fresh_touch(slot + class->usable - 1, 1);
        return true;
    }
    fresh_touch(slot, class->usable);
    if (!(constants.features & FEATURES_COMPILED & COMPATMALLOC_WRITE_AFTER_FREE_CHECK))
        return true;
    if (state == STATE_FRESH && class->usable > VERIFY_UNUSED_LIMIT)
        return true;
    const char *part = fill_verify(slot, class->usable, vec_repeat(0), false);
    if (likely(part == NULL))
        return true;
    misuse_write_after_free(class, slot, part, 0, "malloc");
    return false;
}

/* Make part of a free slot, or several, inaccessible. */
static bool shut(char *from, size_t bytes)
{
    if (!onlookers_begin_removal())
        return false;
    bool done = guard_install(from, bytes);
    onlookers_end_removal();
    return done;
}

state_word fresh_purge(const struct size_class *class, char *from, size_t bytes)
{
    bool closes = is_paged(class) && guard_is_cheap() &&
                  constants.features & FEATURES_COMPILED & COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    if (closes && shut(from, bytes))
        return STATE_CLOSED;
    return map_discard(from, bytes) ? STATE_PURGED : STATE_FREED;
}

bool fresh_close(const struct size_class *class, char *slot)
{
    return is_paged(class) && shut(slot, page_bytes(class));
}
