/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * fork(2): the child has one thread and a copy of everything, in whatever state other threads had it. Before
 * the fork all locks are taken, so that what they guard is whole; heaps of threads that vanished are
 * distrusted (heap.h).
 */
#ifndef FORK_H
#define FORK_H

#include "metadata.h"
#include "platform.h"

/* In the child: locks are free again, generators forget what they share with the parent. */
void fork_child(void);

/* Slow paths call this first: children of _Fork() and clone() run no handlers, but their generators are
 * wiped. */
static inline void fork_check(void)
{
    if (unlikely(metadata_was_wiped()))
        fork_child();
}

#endif
