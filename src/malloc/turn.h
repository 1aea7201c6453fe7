/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Turns: threads that come to do the same work do it one after the other.
 *
 * Not a mutex: whoever has the turn may never give it back, because a signal handler jumped out of the
 * allocator or because this is the child of a fork. So nobody waits for ever, and nobody waits for himself:
 * the work is to come out right, if not as well, when two are at it. That makes turns safe for signal
 * handlers, for children of any kind of fork, and in threads that libc does not know.
 */
#ifndef TURN_H
#define TURN_H

#include <stdatomic.h>

#include "platform.h"

struct turn {
    _Atomic(uint64_t)
        holder; /* address of a thread's own data; bit 0: somebody may sleep; 0: nobody's turn */
};

/* Wait for the turn; at most a second for the same other thread. */
void turn_take(struct turn *turn);

void turn_give_back(struct turn *turn);

/* For a forked child: whoever had the turn is not here. */
void turn_reset(struct turn *turn);

/* Let others get on for about a millisecond. */
void turn_pause(void);

#endif
