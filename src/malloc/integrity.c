/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The check of the whole heap: on request, and when the process exits. */
#include "caller.h"
#include "compatmalloc.h"
#include "guarded.h"
#include "heap.h"
#include "large.h"
#include "neighbours.h"
#include "onlookers.h"
#include "quarantine.h"
#include "region.h"
#include "report.h"
#include "start.h"
#include "tags.h"
#include "verify.h"

/* The quick check at exit looks at so much of each class: what most short-lived processes have, and what
 * costs a long-lived one no time that anybody would notice. */
#define QUICK_SLOTS 1024u
#define QUICK_BYTES (256 * KIB)

struct survey {
    const char *operation;
    bool quick;
    size_t problems;
};

static void check_part(struct survey *survey, const struct part *part)
{
    if (verify_is_whole(part))
        return;
    survey->problems++;
    verify_report(part, survey->operation);
}

static bool is_mine(const struct run *run)
{
    const struct heap *heap = heap_current();
    return heap && atomic_load_explicit(&run->owner, memory_order_relaxed) == heap->index;
}

/* A free slot that rests: one on its way between two places may be half filled, also in this very thread, if
 * a signal handler called exit(). */
static bool rests(const struct size_class *class, uint32_t slot)
{
    const struct run *run = slot_run(class, slot);
    return is_mine(run) && run->free >> (slot - run->first_slot) % RUN_SLOTS & 1;
}

static uint32_t slots_to_check(const struct survey *survey, unsigned c)
{
    uint32_t frontier = region_frontier(c);
    if (!survey->quick)
        return frontier;
    size_t most = min_size(QUICK_SLOTS, QUICK_BYTES / constants.classes[c].stride);
    return (uint32_t)min_size(frontier, most);
}

/* Most slots of a small process have never been used; so many state words are one of 64 bits. Tables have
 * multiples of that. */
typedef uint64_t state_words __attribute__((may_alias));
#define FRESH_AT_ONCE (sizeof(state_words) / sizeof(state_word))

static bool are_fresh(const state_word *states)
{
    return __atomic_load_n((const state_words *)(const void *)states, __ATOMIC_RELAXED) == 0;
}

/* How many slots ahead a canary is fetched into the caches: it is all that is looked at of most blocks, and
 * far from the next one. */
#define AHEAD 8

/* Calls the function for each slot that is mapped and live or freed. */
static void for_each_slot(struct survey *survey, unsigned c,
                          void (*look)(struct survey *survey, const struct part *part, uint32_t slot))
{
    const struct size_class *class = &constants.classes[c];
    uint32_t slots = slots_to_check(survey, c), step = 1u << class_run_shift(class);
    for (uint32_t first = 0; first < slots && slot_exists_in(c, first); first += step) {
        onlookers_stay();
        if (!run_is_active(slot_run(class, first)) || slot_run(class, first)->absent)
            continue;
        const state_word *states = slot_state(class, first);
        for (uint32_t i = 0; i < step && first + i < slots; i++) {
            if (i % FRESH_AT_ONCE == 0 && are_fresh(states + i)) {
                i += FRESH_AT_ONCE - 1;
                continue;
            }
            state_word state = state_load(states + i);
            if (state != STATE_FREED && !state_is_live(state))
                continue;
            __builtin_prefetch(slot_address(class, first + i + AHEAD) + class->usable - 1);
            struct part part = verify_part(class, first + i);
            if (state_slack(part.state) <= class->usable)
                look(survey, &part, first + i);
        }
    }
}

static bool is_used(state_word state)
{
    return state_is_live(state) || state == STATE_FREED;
}

/* What was written before the start of a block, also when it has been freed since. */
static void look_before(struct survey *survey, const struct size_class *class, uint32_t slot)
{
    survey->problems += !neighbours_check_before(class, slot, survey->operation);
}

static void look_at_guarded(struct survey *survey, const struct part *part, uint32_t slot)
{
    if (state_is_live(part->state) && !verify_is_whole(part))
        survey->problems += !guarded_verify(slot, part->state, survey->operation);
}

/*
 * The slot itself, and what is in front of it if nobody else looks there. What is damaged may be the work of
 * the block behind, which is asked before it is taken for that of its own.
 */
static void look_at_slot(struct survey *survey, const struct part *part, uint32_t slot)
{
    const struct size_class *class = part->class;
    bool live = state_is_live(part->state), apart = class >= &constants.classes[CLASS_FIRST_PAGED];
    if (!apart && slot != 0 && !is_used(state_load(slot_state(class, slot - 1))))
        look_before(survey, class, slot);
    if ((!live && !(part->state == STATE_FREED && rests(class, slot))) || likely(verify_is_whole(part)))
        return;
    if (!apart && live && slot_exists(class, slot + 1) && is_used(state_load(slot_state(class, slot + 1))))
        look_before(survey, class, slot + 1);
    survey->problems++;
    verify_report(part, survey->operation);
}

static void look_at_listed(void *survey, unsigned c, uint32_t slot)
{
    const struct size_class *class = &constants.classes[c];
    if (slot == 0 || !slot_exists(class, slot) || state_load(slot_state(class, slot)) != STATE_FREED)
        return;
    struct part part = verify_part(class, slot);
    if (part.state == STATE_FREED)
        check_part(survey, &part);
}

/* The magazine and the quarantine of this thread. */
static void check_own(struct survey *survey, unsigned c)
{
    const struct size_class *class = &constants.classes[c];
    struct heap *heap = heap_current();
    if (!heap)
        return;
    const uint32_t *slots = heap_magazine(heap, class);
    for (unsigned i = 0; i < heap->stock.counts[c] && i < class->magazine_capacity; i++)
        look_at_listed(survey, c, slots[i]);
    quarantine_for_each(heap, c, look_at_listed, survey);
}

static void check_heap(struct survey *survey)
{
    uint64_t checked = tags_ignore();
    onlookers_arrive();
    for_each_slot(survey, CLASS_GUARDED, look_at_guarded);
    for (unsigned c = CLASS_FIRST; c < CLASS_GUARDED; c++) {
        if (region_frontier(c) == 0)
            continue;
        for_each_slot(survey, c, look_at_slot);
        check_own(survey, c);
    }
    onlookers_leave();
    survey->problems += large_check(survey->operation);
    tags_restore(checked);
}

EXPORT size_t compatmalloc_check_integrity(void)
{
    struct survey survey = {.operation = "check"};
    CALLER_NOTE();
    if (!start_is_passthrough())
        check_heap(&survey);
    return survey.problems;
}

static void check_at_exit(void)
{
    if (constants.settings.check_at_exit == EXIT_CHECK_NO)
        return;
    struct survey survey = {.operation = "exit",
                            .quick = constants.settings.check_at_exit == EXIT_CHECK_QUICK};
    caller_noted = NULL;
    check_heap(&survey);
}

/* What nobody freed has not been verified yet. */
void integrity_at_exit(void)
{
    if (!constants.started || constants.passthrough)
        return;
    check_at_exit();
    report_summary();
}
