/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads free one block at the same moment, many times: each time one of the two is reported.
 *
 * expect: double-free
 * sizes: 48 5000 100000 200000
 * options: on-error=log,journal=no
 */
#include "reports.h"

#include <sched.h>
#include <stdatomic.h>

static void *block;
static _Atomic(int) started, freed;

/* Where there is but one processor, each round is two changes of threads, and others that want it are in
 * between. */
static int rounds(void)
{
    cpu_set_t processors;
    bool alone = sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) == 1;
    return alone ? 500 : 20000;
}

static void wait_for(_Atomic(int) *counter, int value)
{
    /* Where there is but one processor to run on, the other thread needs it. */
    for (int spins = 0; *counter < value; spins++)
        if (spins > 1000)
            sched_yield();
}

static void *free_again(void *argument)
{
    (void)argument;
    for (int round = 1, last = rounds(); round <= last; round++) {
        wait_for(&started, round);
        free(opaque(block));
        freed = round;
    }
    return NULL;
}

static void race(size_t size)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_again, NULL) != 0)
        _exit(3);
    for (int round = 1, last = rounds(); round <= last; round++) {
        void *mine = block = must(malloc(size));
        started = round;
        free(opaque(mine));
        wait_for(&freed, round);
        if (round == 1)
            hide_further_reports();
    }
    pthread_join(thread, NULL);
}

static void bad(size_t size)
{
    race(size);
    if (reports_so_far() != (size_t)rounds())
        _exit(3);
    all_were_reported();
}

static void good(size_t size)
{
    for (int round = 1, last = rounds(); round <= last; round++)
        free(must(malloc(size)));
}
