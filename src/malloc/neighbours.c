/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "neighbours.h"

#include "report.h"
#include "verify.h"

/* The neighbour, if it can be looked at: mapped, which it is in the extent of a block that is live. */
static bool find(const struct size_class *class, uint32_t slot, uint32_t other, struct part *part)
{
    unsigned shift = class_extent_shift(class);
    if (slot >> shift != other >> shift || !slot_exists(class, other) ||
        !run_is_active(slot_run(class, other)))
        return false;
    *part = verify_part(class, other);
    return true;
}

/* What was written before the start of this block reaches up to it; what was written past the end of the one
 * in front begins there. */
static bool began_in_front(const struct part *part)
{
    size_t count, slack = state_slack(part->state);
    return state_is_live(part->state) && verify_first_damage(part, &count) == part->class->usable - slack &&
           count < slack;
}

static void report_underflow(const struct size_class *class, uint32_t slot, const struct part *part,
                             const char *operation)
{
    size_t count, first = verify_first_damage(part, &count);
    state_word own = state_load(slot_state(class, slot));
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_UNDERFLOW,
                            .operation = operation,
                            .address = slot_address(class, slot),
                            .requested_size =
                                state_is_live(own) ? class->usable - state_slack(own) : REPORT_UNKNOWN,
                            .slot_size = class->usable,
                            .offset = class->usable - first,
                            .bytes = (const unsigned char *)part->slot + first,
                            .byte_count = count});
}

bool neighbours_check_before(const struct size_class *class, uint32_t slot, const char *operation)
{
    struct part part;
    if (slot == 0 || !find(class, slot, slot - 1, &part))
        return true;
    size_t reach = min_size(class->usable, NEIGHBOURS_REACH);
    if (part.state == STATE_GUARD) /* what is of it on the same page is no guard */
        reach = min_size(reach, (uintptr_t)slot_address(class, slot) & (constants.page_size - 1));
    part.from = class->usable - reach;
    if (verify_is_whole(&part))
        return true;
    if (began_in_front(&part))
        verify_report(&part, operation);
    else
        report_underflow(class, slot, &part, operation);
    return false;
}

bool neighbours_check(const struct size_class *class, uint32_t slot, const char *operation)
{
    struct part part;
    if (class >= &constants.classes[CLASS_FIRST_PAGED]) /* guard pages stand between these */
        return true;
    bool before = neighbours_check_before(class, slot, operation);
    if (!find(class, slot, slot + 1, &part) || part.state == STATE_GUARD)
        return before;
    part.to = min_size(class->usable, NEIGHBOURS_REACH);
    if (verify_is_whole(&part))
        return before;
    verify_report(&part, operation);
    return false;
}
