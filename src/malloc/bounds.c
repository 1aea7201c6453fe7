/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bounds.h"

#include "guarded.h"
#include "report.h"
#include "slot.h"
#include "tags.h"

/* What begins so close before a live block is taken for a negative index into it, even in a freed slot. */
#define NEAR ((size_t)64)

/* Where the stretch begins. */
struct start {
    const struct size_class *class;
    uint32_t slot;
    state_word state;
    char *block;   /* the slot's, or where one would begin */
    size_t within; /* bytes from there; */
    size_t before; /* or, if that is 0, to there */
};

/* False where no slot is. */
static bool find_start(const char *from, struct start *start)
{
    from = tags_strip(from);
    size_t c = class_of_address(from);
    if (c >= CLASS_COUNT)
        return false;
    const struct size_class *class = &constants.classes[c];
    uint64_t offset = (uint64_t)((uintptr_t)from - (uintptr_t) class->base);
    if (offset >= slot_span(class))
        return false;
    uint32_t slot = slot_of_offset(class, offset);
    if (!slot_exists(class, slot))
        return false;
    *start = (struct start){class,
                            slot,
                            state_load(slot_state(class, slot)),
                            slot_address(class, slot),
                            offset - (uint64_t)slot * class->stride,
                            0};
    if (c == CLASS_GUARDED && state_is_live(start->state)) {
        size_t front = guarded_offset(start->state);
        start->block += front;
        start->before = front > start->within ? front - start->within : 0;
        start->within = start->within > front ? start->within - front : 0;
    }
    return true;
}

static size_t block_size(const struct size_class *class, state_word state)
{
    return class->usable - min_size(state_slack(state), class->usable);
}

static void put_access(struct report *report, enum bounds_access access, size_t bytes)
{
    report->access = access == BOUNDS_READ ? REPORT_READ : REPORT_WRITE;
    report->byte_count = bytes;
}

static void report_overflow(const struct start *start, size_t size, size_t bytes, enum bounds_access access,
                            const char *function)
{
    size_t beyond = start->within > size ? start->within - size : 0;
    struct report found = {.kind = REPORT_HEAP_BUFFER_OVERFLOW,
                           .operation = function,
                           .address = start->block,
                           .requested_size = size,
                           .slot_size = start->class->usable,
                           .offset = beyond};
    put_access(&found, access, start->within + bytes - size - beyond);
    report(&found);
}

static void report_underflow(const struct size_class *class, const char *block, size_t size, size_t before,
                             size_t bytes, enum bounds_access access, const char *function)
{
    struct report found = {.kind = REPORT_HEAP_BUFFER_UNDERFLOW,
                           .operation = function,
                           .address = block,
                           .requested_size = size,
                           .slot_size = class->usable,
                           .offset = before};
    put_access(&found, access, min_size(bytes, before));
    report(&found);
}

/* The stretch begins in what lies between two blocks, nearer to the one behind: a negative index. */
static bool belongs_to_next(const struct start *start, size_t bytes, enum bounds_access access,
                            const char *function)
{
    const struct size_class *class = start->class;
    size_t before = class->stride - start->within;
    uint32_t next = start->slot + 1;
    if (!slot_exists(class, next) || !state_is_live(state_load(slot_state(class, next))))
        return false;
    if (state_is_live(start->state) && start->within - block_size(class, start->state) < before)
        return false;
    report_underflow(class, slot_address(class, next), block_size(class, state_load(slot_state(class, next))),
                     before, bytes, access, function);
    return true;
}

static void report_freed(const struct start *start, size_t bytes, enum bounds_access access,
                         const char *function)
{
    bool freed = state_is_freed(start->state);
    struct report found = {.kind = freed ? REPORT_HEAP_USE_AFTER_FREE : REPORT_HEAP_BUFFER_OVERFLOW,
                           .operation = function,
                           .address = start->block,
                           .requested_size = REPORT_UNKNOWN,
                           .slot_size = start->class->usable,
                           .offset = start->within,
                           .detail = freed ? NULL : "no block has been there"};
    if (freed && access == BOUNDS_WRITE)
        found.kind = REPORT_WRITE_AFTER_FREE;
    put_access(&found, access, bytes);
    report(&found);
}

void bounds_check(const void *from, size_t bytes, enum bounds_access access, const char *function)
{
    struct start start;
    if (bytes == 0 || !find_start(from, &start) || start.state == STATE_BUSY)
        return;
    bool live = state_is_live(start.state);
    size_t size = live ? block_size(start.class, start.state) : 0;
    if (start.before != 0) {
        report_underflow(start.class, start.block, size, start.before, bytes, access, function);
        return;
    }
    if (live && start.within <= size && bytes <= size - start.within)
        return;
    bool near_next = start.class->stride - start.within <= NEAR;
    if (start.class < &constants.classes[CLASS_GUARDED] && start.within >= size &&
        (near_next || !state_is_freed(start.state)) && belongs_to_next(&start, bytes, access, function))
        return;
    if (live)
        report_overflow(&start, size, bytes, access, function);
    else
        report_freed(&start, bytes, access, function);
}
