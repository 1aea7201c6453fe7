/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "misuse.h"

#include "canary.h"
#include "fill.h"
#include "guarded.h"
#include "large.h"
#include "report.h"
#include "slot.h"

COLD void misuse_overflow(const struct size_class *class, char *slot, size_t slack, const char *operation)
{
    size_t count;
    if (canary_find_slack(slot, class->usable) != 0) {
        /* The canary is whole, but stands behind a block of another size: it is the size that was changed. */
        misuse_metadata(class, slot, "the size of a block", operation);
        return;
    }
    size_t offset = canary_first_damage(slot, class->usable, slack, &count);
    report(&(struct report){.kind = REPORT_HEAP_BUFFER_OVERFLOW,
                            .operation = operation,
                            .address = slot,
                            .requested_size = class->usable - slack,
                            .slot_size = class->usable,
                            .offset = offset,
                            .bytes = (const unsigned char *)slot + (class->usable - slack) + offset,
                            .byte_count = count});
}

COLD void misuse_kind(const void *block, size_t size, enum allocation_kind made, const char *operation)
{
    static const char *const details[] = {
        [KIND_MALLOC] = "it came from malloc or one of its relatives, and goes to free",
        [KIND_NEW] = "it came from operator new, and goes to operator delete",
        [KIND_NEW_ARRAY] = "it came from operator new[], and goes to operator delete[]"};
    report(&(struct report){.kind = REPORT_NEW_DELETE_TYPE_MISMATCH,
                            .operation = operation,
                            .address = block,
                            .requested_size = size,
                            .slot_size = REPORT_UNKNOWN,
                            .offset = REPORT_UNKNOWN,
                            .detail = details[made]});
}

COLD bool misuse_canary(const struct size_class *class, char *slot, size_t slack, const char *operation)
{
    enum allocation_kind made = canary_kind(slot, class->usable, slack);
    if (made == KIND_COUNT) {
        misuse_overflow(class, slot, slack, operation);
        return false;
    }
    misuse_kind(slot, class->usable - slack, made, operation);
    return true;
}

COLD void misuse_write_after_free(const struct size_class *class, char *slot, const char *part, uint64_t word,
                                  const char *operation)
{
    size_t count;
    size_t offset = fill_first_damage(slot, (size_t)(part - slot), class->usable, word, &count);
    report(&(struct report){.kind = REPORT_WRITE_AFTER_FREE,
                            .operation = operation,
                            .address = slot,
                            .requested_size = REPORT_UNKNOWN,
                            .slot_size = class->usable,
                            .offset = offset,
                            .bytes = (const unsigned char *)slot + offset,
                            .byte_count = count});
}

COLD void misuse_metadata(const struct size_class *class, const char *slot, const char *record,
                          const char *operation)
{
    report(&(struct report){.kind = REPORT_METADATA_CORRUPTION,
                            .operation = operation,
                            .address = slot ? slot : class->base,
                            .requested_size = REPORT_UNKNOWN,
                            .slot_size = class->usable,
                            .offset = REPORT_UNKNOWN,
                            .detail = record});
}

COLD void misuse_wrong_size(const void *block, size_t actual, size_t claimed, const char *detail,
                            const char *operation)
{
    report(&(struct report){.kind = REPORT_NEW_DELETE_TYPE_MISMATCH,
                            .operation = operation,
                            .address = block,
                            .requested_size = actual,
                            .slot_size = REPORT_UNKNOWN,
                            .offset = claimed,
                            .detail = detail});
}

static void bad_slot_pointer(const struct size_class *class, const char *pointer, struct report *report)
{
    uint64_t offset = (uint64_t)(pointer - class->base);
    if (pointer < class->base || offset >= slot_span(class)) {
        report->detail = "in the heap's address range, but never part of a block";
        return;
    }
    uint32_t slot = slot_of_offset(class, offset);
    size_t within = offset - (size_t)slot * class->stride;
    state_word state = slot_exists(class, slot) ? state_load(slot_state(class, slot)) : STATE_FRESH;
    report->slot_size = class->usable;
    bool freed = state_is_freed(state);
    if (!state_is_valid(state) || (state_is_live(state) && state_slack(state) > class->usable)) {
        report->kind = REPORT_METADATA_CORRUPTION;
        report->detail = "the state of a slot";
    } else if (freed && (within == 0 || class == &constants.classes[CLASS_GUARDED])) {
        report->kind = REPORT_DOUBLE_FREE;
        report->detail = NULL;
    } else if (freed) {
        report->offset = within;
        report->detail = "points into a block that has been freed";
    } else if (state_is_live(state)) {
        report->requested_size = class->usable - state_slack(state);
        if (class == &constants.classes[CLASS_GUARDED])
            within -= min_size(within, guarded_offset(state));
        report->offset = within;
        report->detail = within < report->requested_size ? "points into a live block, not at its start"
                                                         : "points behind a live block";
    } else if (state == STATE_RETIRED) {
        report->detail = "the block was found damaged earlier and is out of use";
    } else {
        report->detail = "in the heap's address range, but never handed out";
    }
}

COLD void misuse_bad_pointer(const void *pointer, const char *operation)
{
    struct report found = {.kind = REPORT_BAD_FREE,
                           .operation = operation,
                           .address = pointer,
                           .requested_size = REPORT_UNKNOWN,
                           .slot_size = REPORT_UNKNOWN,
                           .offset = REPORT_UNKNOWN};
    size_t c = class_of_address(pointer);
    if (c < CLASS_COUNT)
        bad_slot_pointer(&constants.classes[c], pointer, &found);
    else
        large_describe(pointer, &found);
    report(&found);
}
