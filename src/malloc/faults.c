/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "faults.h"

#include <sys/mman.h>

#include "guard.h"
#include "guarded.h"
#include "large.h"
#include "map.h"
#include "slot.h"

#define EDGE 16 /* what has a tag of its own (tags.h) */

/* A slot that was or is a block. */
struct neighbour {
    uint32_t slot;
    state_word state;
    const char *start, *end;
};

static bool find(const struct size_class *class, uint32_t slot, struct neighbour *found)
{
    if (slot >= class->slots || !slot_exists(class, slot))
        return false;
    *found = (struct neighbour){.slot = slot, .state = state_load(slot_state(class, slot))};
    found->start = slot_address(class, slot);
    found->end = found->start + class->usable;
    if (state_is_live(found->state)) {
        if (class == &constants.classes[CLASS_GUARDED])
            found->start += guarded_offset(found->state);
        found->end -= min_size(state_slack(found->state), class->usable);
        if (class == &constants.classes[CLASS_GUARDED])
            found->end = found->start + class->usable - state_slack(found->state);
    }
    return state_is_live(found->state) || state_is_freed(found->state);
}

/* Whoever gets from a block to a guard page has mostly come no further than this. */
static uint32_t reach(const struct size_class *class)
{
    return (uint32_t)(2 * constants.guard_interval / class->stride) + 2;
}

static bool find_before(const struct size_class *class, uint32_t slot, struct neighbour *found)
{
    for (uint32_t i = 1; i <= reach(class) && i <= slot; i++)
        if (find(class, slot - i, found))
            return true;
    return false;
}

static bool find_behind(const struct size_class *class, uint32_t slot, struct neighbour *found)
{
    for (uint32_t i = 1; i <= reach(class); i++)
        if (find(class, slot + i, found))
            return true;
    return false;
}

static void put_block(struct report *report, const struct size_class *class, const struct neighbour *of)
{
    report->address = of->start;
    report->slot_size = class->usable;
    report->requested_size = state_is_live(of->state) ? (size_t)(of->end - of->start) : REPORT_UNKNOWN;
}

static bool describe_overflow(struct report *report, const struct size_class *class,
                              const struct neighbour *block, const char *address)
{
    put_block(report, class, block);
    report->kind = REPORT_HEAP_BUFFER_OVERFLOW;
    report->offset = (size_t)(address - block->end);
    return true;
}

static bool describe_underflow(struct report *report, const struct size_class *class,
                               const struct neighbour *block, const char *address)
{
    put_block(report, class, block);
    report->kind = REPORT_HEAP_BUFFER_UNDERFLOW;
    report->offset = (size_t)(block->start - address);
    return true;
}

static void put_freed(struct report *report, enum report_access access)
{
    report->kind = access == REPORT_WRITE ? REPORT_WRITE_AFTER_FREE : REPORT_HEAP_USE_AFTER_FREE;
}

/* The nearer one, of those that are live if there is any. */
static bool describe_gap(struct report *report, const struct size_class *class, uint32_t slot,
                         const char *address)
{
    struct neighbour own = {0}, before = {0}, behind = {0};
    bool has_own = find(class, slot, &own);
    bool has_before = has_own && address >= own.end, has_behind = has_own && address < own.start;
    if (has_before)
        before = own;
    else
        has_before = find_before(class, slot, &before);
    if (has_behind)
        behind = own;
    else
        has_behind = find_behind(class, slot, &behind);
    if (!has_before && !has_behind) {
        report->kind = REPORT_HEAP_BUFFER_OVERFLOW;
        report->detail = "no block is near";
        return true;
    }
    bool live_before = has_before && state_is_live(before.state);
    bool live_behind = has_behind && state_is_live(behind.state);
    bool use_before = has_before && (!has_behind || address - before.end <= behind.start - address);
    if (live_before != live_behind)
        use_before = live_before;
    return use_before ? describe_overflow(report, class, &before, address)
                      : describe_underflow(report, class, &behind, address);
}

/* No byte of these is anybody's. */
static bool describe_empty(struct report *report, const struct size_class *class,
                           const struct neighbour *block, const char *address, enum report_access access)
{
    put_block(report, class, block);
    report->requested_size = 0;
    report->kind = REPORT_HEAP_BUFFER_OVERFLOW;
    report->offset = (size_t)(address - block->start);
    if (state_is_freed(block->state))
        put_freed(report, access);
    return true;
}

/*
 * A fault in a live block: the address has not its tag. What goes on past the end of the block in front, or
 * before the start of the one behind, arrives at the edge; else the address was that of a block before.
 */
static bool describe_wrong_tag(struct report *report, const struct size_class *class,
                               const struct neighbour *own, const char *address, enum report_access access)
{
    struct neighbour other;
    const char *end = slot_address(class, own->slot) + class->usable;
    if (address - own->start < EDGE && own->slot != 0 && find(class, own->slot - 1, &other) &&
        state_is_live(other.state))
        return describe_overflow(report, class, &other, address);
    if (end - address <= EDGE && find(class, own->slot + 1, &other) && state_is_live(other.state))
        return describe_underflow(report, class, &other, address);
    put_block(report, class, own);
    put_freed(report, access);
    report->offset = (size_t)(address - own->start);
    report->detail = "by an address from before this block was there, or of another one";
    return true;
}

static bool describe_slot(struct report *report, const struct size_class *class, const char *address,
                          enum report_access access, bool by_tag)
{
    uint64_t offset = (uint64_t)(address - class->base);
    if (address < class->base || offset >= slot_span(class))
        return false;
    uint32_t slot = slot_of_offset(class, offset);
    if (!slot_exists(class, slot))
        return false;
    struct neighbour own;
    bool is_block = find(class, slot, &own);
    if (is_block && class == &constants.classes[CLASS_ZERO])
        return describe_empty(report, class, &own, address, access);
    if (is_block && address >= own.start && address < own.end) {
        if (!state_is_freed(own.state))
            return by_tag && describe_wrong_tag(report, class, &own, address, access);
        put_block(report, class, &own);
        put_freed(report, access);
        report->offset = (size_t)(address - own.start);
        return true;
    }
    return describe_gap(report, class, slot, address);
}

bool faults_describe(const char *address, enum report_access access, bool by_tag, struct report *report)
{
    size_t c = class_of_address(address);
    *report = (struct report){.operation = "fault",
                              .address = address,
                              .requested_size = REPORT_UNKNOWN,
                              .slot_size = REPORT_UNKNOWN,
                              .offset = REPORT_UNKNOWN,
                              .access = access};
    return c < CLASS_COUNT ? describe_slot(report, &constants.classes[c], address, access, by_tag)
                           : large_describe_fault(address, access, report);
}

/* A freed slot whose pages are closed is nobody's from now on. */
static void retire_slot(const struct size_class *class, const char *address)
{
    uint64_t offset = (uint64_t)(address - class->base);
    uint32_t slot = slot_of_offset(class, offset);
    if (address < class->base || offset >= slot_span(class) || !slot_exists(class, slot))
        return;
    state_word closed = STATE_CLOSED;
    (void)__atomic_compare_exchange_n(slot_state(class, slot), &closed, STATE_RETIRED, false,
                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool faults_let_pass(const char *address)
{
    size_t c = class_of_address(address), page = constants.page_size;
    char *start = (char *)round_down((uintptr_t)address, page);
    if (c < CLASS_COUNT)
        retire_slot(&constants.classes[c], address);
    else
        large_retire(address);
    return guard_narrow(start, page) && map_protect(start, page, PROT_READ | PROT_WRITE);
}
