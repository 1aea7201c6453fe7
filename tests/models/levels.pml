/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The table of large blocks grows by a level (src/malloc/large_table.c), and more than one thread is at it: whoever has
 * waited too long for the turn goes on without it, so turns are left out here.
 *
 * Shown: what a thread has entered is found there ever after, and who knows of a level finds it there.
 *
 * -DMISTAKE=1: a level is stored, not put where none is yet.
 * -DMISTAKE=2: the count is stored, not raised from what it was.
 * -DMISTAKE=3: the count is raised before the level is there.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS 3
#define LEVELS  2
#define ROUNDS  2
#define ROOM    2 /* entries of a level */
#define NONE    0

byte levels[LEVELS + 1]; /* which piece of memory it is */
byte count;              /* of levels */
byte pieces;             /* of memory handed out */
byte entries[8];         /* of each piece */

inline put_level(at, mine) {
    atomic {
        if
        :: levels[at] == NONE || MISTAKE == 1 -> levels[at] = mine
        :: else
        fi
    }
}

inline raise_count(from) {
    atomic {
        if
        :: count == from || MISTAKE == 2 -> count = from + 1
        :: else
        fi
    }
}

/* add_level() */
inline add_level(seen) {
    atomic { pieces++; mine = pieces }
    if
    :: MISTAKE == 3 -> raise_count(seen); put_level(seen, mine)
    :: else -> put_level(seen, mine); raise_count(seen)
    fi
}

/* reserve(), in the newest level alone */
inline enter() {
    do
    ::
        seen = count;
        taken = false;
        if
        :: seen > 0 ->
            where = levels[seen - 1];
            assert(where != NONE);
            atomic {
                if
                :: entries[where] < ROOM -> entries[where]++; taken = true
                :: else
                fi
            }
        :: else
        fi;
        if
        :: taken -> at = seen - 1; break
        :: !taken && seen == LEVELS -> break
        :: else -> add_level(seen)
        fi
    od
}

active [THREADS] proctype thread() {
    byte round, seen, mine, where, at;
    bool taken;
    do
    :: round < ROUNDS ->
        enter();
        if
        :: taken -> assert(at < count && levels[at] == where)
        :: else
        fi;
        round++
    :: else -> break
    od
}
