/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "onlookers.h"

#include <stdatomic.h>
#include <time.h>

#include "turn.h"

/* Seconds that a presence holds, and milliseconds that a removal may take. */
#define PRESENCE 5u
#define PATIENCE 1000

static _Atomic(uint32_t) present, removing;
static _Atomic(uint32_t) until;

static uint32_t now(void)
{
    struct timespec time = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

void onlookers_stay(void)
{
    uint32_t then = now() + PRESENCE;
    if (atomic_load_explicit(&until, memory_order_relaxed) != then)
        atomic_store(&until, then);
}

void onlookers_arrive(void)
{
    onlookers_stay();
    atomic_fetch_add(&present, 1);
    /* Whoever does not come back from a removal is not waited for. */
    for (int waited = 0; atomic_load(&removing) != 0 && waited < PATIENCE; waited++)
        turn_pause();
}

static void subtract(_Atomic(uint32_t) *count)
{
    uint32_t there = atomic_load(count);
    while (there != 0 && !atomic_compare_exchange_weak(count, &there, there - 1)) {
    }
}

void onlookers_leave(void)
{
    subtract(&present);
}

bool onlookers_begin_removal(void)
{
    atomic_fetch_add(&removing, 1);
    if (likely(atomic_load(&present) == 0) || (int32_t)(atomic_load(&until) - now()) < 0)
        return true;
    subtract(&removing);
    return false;
}

void onlookers_end_removal(void)
{
    subtract(&removing);
}

void onlookers_fork_child(void)
{
    atomic_store(&removing, 0);
}
