/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Turns (src/malloc/turn.c): a word that says whose turn it is, with a bit for sleepers, and futex(2).
 *
 * Shown: as long as everybody gives the turn back, it is one thread's at a time, and nobody needs a timeout to go on.
 * With -DVANISHES one thread never gives it back, or long after: the others, whose sleep then ends by itself, have their
 * turns all the same. Not always one at a time: who has slept too long may have slept for somebody else than who has the
 * turn now. So the work must come out right also when two are at it, which is up to those who take turns.
 *
 * -DMISTAKE=1: giving back wakes nobody.
 * -DMISTAKE=2: who has slept takes the turn without the bit, as if nobody else slept.
 * -DMISTAKE=3: sleep does not end by itself (with -DVANISHES).
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS 3
#define ROUNDS  2

#define SELF     (2 * (_pid + 1))
#define SLEEPERS 1
#define WITHOUT_BIT(word) ((word) & ~SLEEPERS)

byte word;
byte holders;         /* threads at work, but for the one that vanishes */
bool sleeps[THREADS];
byte gone;            /* the one that has not given the turn back */

/* The kernel compares and sleeps in one step. Only one who sleeps for who has vanished is not woken in time. */
inline sleep_on(seen, in_time) {
    atomic {
        if
        :: word == seen -> sleeps[_pid] = true
        :: else
        fi
    }
    in_time = true;
    if
    :: !sleeps[_pid]
    :: gone && WITHOUT_BIT(word) == gone && sleeps[_pid] && MISTAKE != 3 -> sleeps[_pid] = false; in_time = false
    fi
}

inline wake_one() {
    atomic {
        if
        :: sleeps[0] -> sleeps[0] = false
        :: sleeps[1] -> sleeps[1] = false
        :: sleeps[2] -> sleeps[2] = false
        :: else
        fi
    }
}

inline change(from, to, done) {
    atomic {
        if
        :: word == (from) -> word = (to); done = true
        :: else -> done = false
        fi
    }
}

/* turn_take(), wait_for() */
inline take() {
    change(0, SELF, done);
    do
    :: done -> break
    :: else ->
        holder = word;
        if
        :: WITHOUT_BIT(holder) == SELF -> break
        :: holder == 0 ->
            change(0, SELF | (MISTAKE == 2 -> 0 : SLEEPERS), done)
        :: else ->
            done = holder & SLEEPERS;
            if
            :: !done -> change(holder, holder | SLEEPERS, done)
            :: else
            fi;
            if
            :: done ->
                done = false;
                holder = holder | SLEEPERS;
                sleep_on(holder, in_time);
                if
                :: !in_time -> change(holder, SELF | SLEEPERS, done)
                :: else
                fi
            :: else
            fi
        fi
    od
}

inline give_back() {
    change(SELF, 0, done);
    if
    :: done
    :: else ->
        change(SELF | SLEEPERS, 0, done);
        if
        :: done && MISTAKE != 1 -> wake_one()
        :: else
        fi
    fi
}

active [THREADS] proctype thread() {
    byte round, holder;
    bool done, in_time;
    do
    :: round < ROUNDS ->
        take();
#ifdef VANISHES
        if
        :: atomic { _pid == 0 && !gone -> gone = SELF }
            /* For good, or until somebody else has taken the turn. */
            if
            :: break
            :: WITHOUT_BIT(word) != SELF -> give_back(); break
            fi
        :: else
        fi;
#endif
        holders++;
        assert(holders == 1 || gone);
        holders--;
        give_back();
        round++
    :: else -> break
    od
}
