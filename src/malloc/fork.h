/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * fork(2): the child has one thread and a copy of everything, in whatever state other threads had it.
 *
 * No locks are taken before a fork, because there are none: what threads share can be left for good at any
 * moment (turn.h). So handlers of other libraries may allocate whether they run before ours or after, and
 * children of _Fork() and clone(), for which no handlers run, are no worse off. What is to be done in a child
 * is to distrust the heaps of threads that are not there (heap.h), and to forget random numbers shared with
 * the parent.
 */
#ifndef FORK_H
#define FORK_H

#include "metadata.h"
#include "platform.h"

/* Register handlers, which may allocate. */
void fork_start(void);

/* In a child in which it has not been done yet. */
void fork_child(void);

/* Slow paths call this first: where no handlers ran, the wiped generators tell. */
static inline void fork_check(void)
{
    if (unlikely(metadata_was_wiped()))
        fork_child();
}

#endif
