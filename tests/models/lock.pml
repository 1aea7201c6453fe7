/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The lock of src/malloc/lock.h: a word that is 0 (free), 1 (held) or 2 (held, and somebody may sleep), and futex(2).
 *
 * Shown: at most one thread holds it, and nobody sleeps for ever (a deadlock would be an invalid end state).
 * Where futex() fails at once, as in a sandbox that forbids it, threads spin instead (-DFUTEX_FAILS).
 *
 * -DMISTAKE=1: releasing does not look whether somebody sleeps.
 * -DMISTAKE=2: waiting is not by an exchange, but by a store of 2 after a look.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS 3
#define ROUNDS  2

byte word;
byte holders;
bool sleeps[THREADS];

/* The kernel compares and sleeps in one step. */
inline futex_wait(me) {
#ifndef FUTEX_FAILS
    atomic {
        if
        :: word == 2 -> sleeps[me] = true
        :: else
        fi
    }
    !sleeps[me]
#else
    skip
#endif
}

inline futex_wake_one() {
    atomic {
        if
        :: sleeps[0] -> sleeps[0] = false
        :: sleeps[1] -> sleeps[1] = false
        :: sleeps[2] -> sleeps[2] = false
        :: else
        fi
    }
}

/* lock_acquire(), lock_wait() */
inline acquire(me) {
    atomic { was = word; if :: was == 0 -> word = 1 :: else fi }
    if
    :: was == 0
    :: else ->
        do
        ::
#if MISTAKE == 2
            was = word;
            word = 2;
#else
            atomic { was = word; word = 2 }
#endif
            if
            :: was == 0 -> break
            :: else -> futex_wait(me)
            fi
        od
    fi
}

inline release() {
    atomic { was = word; word = 0 }
    if
    :: was == 2 && MISTAKE != 1 -> futex_wake_one()
    :: else
    fi
}

active [THREADS] proctype thread() {
    byte was, round;
    do
    :: round < ROUNDS ->
        acquire(_pid);
        holders++;
        assert(holders == 1);
        holders--;
        release();
        round++
    :: else -> break
    od
}
