/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The state word: 16 bits per slot, out of line, which say all there is to know about it.
 *
 * - FRESH: never handed out; the memory is zero.
 * - FREED: handed back; in a quarantine, a magazine or a run's bitmap. The memory holds the fill of its free.
 * - PURGED: handed back, and its pages given back to the kernel since: the memory is zero.
 * - CLOSED: the same, and inaccessible.
 * - BUSY: being resized, or between two owners: only checks that look at other threads' slots need it, and it
 *   is stored where they are on, and where it was known what the free slot held.
 * - GUARD: unusable; a guard page touches it, or it is slot 0, whose number means "no slot" in quarantines.
 * - RETIRED: damaged under on-error = log; never handed out again.
 * - LIVE: handed out; the low 15 bits are the slack: usable bytes of the slot minus bytes requested.
 *
 * FRESH is what the kernel gives. The others differ from it and from each other in four bits or more, so that
 * a damaged word is no valid one; LIVE is betrayed by the canary, which depends on the slack.
 *
 * Double free, bad free and the exact end of a block all come from one load of it. Where a free slot is kept
 * (bitmap, magazine, quarantine) is not recorded: a slot that is found in two places is found LIVE by the
 * second one that hands it out, and that costs the common path nothing.
 */
#ifndef STATE_H
#define STATE_H

#include <stdatomic.h>

#include "platform.h"

typedef uint16_t state_word;

#define STATE_FRESH   ((state_word)0)
#define STATE_FREED   ((state_word)0x1e1e)
#define STATE_PURGED  ((state_word)0x6666)
#define STATE_CLOSED  ((state_word)0x5555)
#define STATE_BUSY    ((state_word)0x7878)
#define STATE_GUARD   ((state_word)0x3c3c)
#define STATE_RETIRED ((state_word)0x4b4b)
#define STATE_LIVE    ((state_word)0x8000)
#define SLACK_MAX     ((size_t)0x7fff)

static inline bool state_is_live(state_word state)
{
    return (state & STATE_LIVE) != 0;
}

/* Handed back, whatever its memory holds. */
static inline bool state_is_freed(state_word state)
{
    return state == STATE_FREED || state == STATE_PURGED || state == STATE_CLOSED;
}

static inline bool state_is_available(state_word state)
{
    return state == STATE_FRESH || state_is_freed(state);
}

/* Any other word has been damaged. */
static inline bool state_is_valid(state_word state)
{
    return state_is_live(state) || state_is_available(state) || state == STATE_BUSY || state == STATE_GUARD ||
           state == STATE_RETIRED;
}

static inline state_word state_live(size_t slack)
{
    ASSERT(slack <= SLACK_MAX);
    return (state_word)(STATE_LIVE | slack);
}

static inline size_t state_slack(state_word state)
{
    return state & SLACK_MAX;
}

static inline state_word state_load(const state_word *state)
{
    return __atomic_load_n(state, __ATOMIC_RELAXED);
}

/* A store that precedes what is then done to the slot, for those who look at it meanwhile: signal handlers of
 * this thread, and other threads where BUSY is used. */
static inline void state_store_before(state_word *state, state_word value)
{
    __atomic_store_n(state, value, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Release: whoever reads LIVE (the integrity check) also sees the canary. */
static inline void state_store(state_word *state, state_word value)
{
    __atomic_store_n(state, value, __ATOMIC_RELEASE);
}

#endif
