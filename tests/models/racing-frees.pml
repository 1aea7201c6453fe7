/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads that free, resize and allocate the same block at the same moment (src/malloc/generic.h, cold.c): all that
 * decides is one compare-and-exchange on the state word of the slot.
 *
 * Shown: a slot is never in two magazines, nor live and in one; each allocation is freed by one call only; and with one
 * allocation and several frees, all but one are reported.
 *
 * -DMISTAKE=1: free() looks at the state, and stores the new one without an exchange.
 * -DMISTAKE=2: realloc() in place stores the new state without an exchange.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define FREERS 2

#define FREED 0
#define LIVE  1 /* and with another size: 2 */

byte state = LIVE; /* of the one slot; the pointer to it is everybody's */
byte places;       /* magazines that hold it */
byte allocations = 1, frees, reports;
bool reused;       /* handed out once more */
bool resized;      /* by a realloc() that came in between, so that a free may find it changed, and be reported */
byte ended;

/* generic_claim(): one look, then one exchange that fails if the state is another one by now. */
inline claim(from, to, done) {
    seen = state;
    if
    :: seen == FREED -> done = false
    :: else ->
        if
        :: MISTAKE == from -> state = to; done = true
        :: else -> atomic {
            if
            :: state == seen -> state = to; done = true
            :: else -> done = false
            fi }
        fi
    fi
}

/* The owner of a magazine that the slot is in hands it out. */
inline allocate() {
    assert(state == FREED);
    places--;
    allocations++;
    reused = true;
    state = LIVE
}

active [FREERS] proctype freer() {
    byte seen;
    bool done, mine;
    claim(1, FREED, done);
    if
    :: done ->
        frees++;
        assert(frees <= allocations);
        places++;
        assert(places == 1);
        /* Nobody else has it now, and this thread may hand it out again. */
        if
        :: allocate()
        :: skip
        fi
    :: else -> reports++
    fi;
    ended++
}

active proctype resizer() {
    byte seen;
    bool done;
    claim(2, 2, done);
    if
    :: done -> resized = true
    :: else -> reports++
    fi;
    ended++
}

active proctype judge() {
    ended == FREERS + 1;
    assert(places + (state != FREED) == 1);
    assert(frees + (state != FREED) == allocations);
    assert(reused || resized || (frees == 1 && reports >= FREERS - 1))
}
