/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The stack of empty parcels (src/malloc/inbox.c): a word with the first one and a count of changes, and in each parcel
 * the next one. Threads pop and push; every load, store and compare-and-exchange is a step of its own.
 *
 * Shown: a parcel is one thread's or in the stack, never two threads', and none is lost.
 *
 * -DMISTAKE=1: changes are not counted, so that a first one that went and came back passes for one that stayed.
 * -DMISTAKE=2: pushing is a store, not a compare-and-exchange.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS 2
#define PARCELS 3
#define ROUNDS  2
#define NONE    PARCELS

byte first;                 /* of the stack, which holds all of them at first */
byte changes;
byte next[PARCELS];
byte owners[PARCELS];       /* threads that think that it is theirs */
byte ended;

inline pop(parcel) {
    do
    ::
        atomic { parcel = first; seen = changes }
        if
        :: parcel == NONE -> break
        :: else
        fi;
        rest = next[parcel];
        atomic {
            if
            :: first == parcel && (changes == seen || MISTAKE == 1) -> first = rest; changes++; break
            :: else
            fi
        }
    od
}

inline push(parcel) {
    do
    ::
        atomic { rest = first; seen = changes }
        next[parcel] = rest;
        atomic {
            if
            :: MISTAKE == 2 || (first == rest && (changes == seen || MISTAKE == 1)) -> first = parcel; changes++; break
            :: else
            fi
        }
    od
}

inline own(parcel) {
    if
    :: parcel != NONE ->
        owners[parcel]++;
        assert(owners[parcel] == 1)
    :: else
    fi
}

inline disown(parcel) {
    if
    :: parcel != NONE -> owners[parcel]--; push(parcel)
    :: else
    fi
}

/* Two at a time, so that they go back in another order. */
proctype thread() {
    byte one = NONE, two = NONE, rest, seen, round;
    do
    :: round < ROUNDS ->
        pop(one);
        own(one);
        pop(two);
        own(two);
        disown(one);
        disown(two);
        round++
    :: else -> break
    od;
    ended++
}

init {
    byte i, count;
    atomic {
        next[0] = 1; next[1] = 2; next[2] = NONE;
        i = 0;
        do
        :: i < THREADS -> run thread(); i++
        :: else -> break
        od
    }
    ended == THREADS;
    i = first;
    do
    :: i == NONE -> break
    :: else -> count++; assert(count <= PARCELS); i = next[i]
    od;
    assert(count == PARCELS)
}
