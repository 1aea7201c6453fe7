/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The growth of a size's tables (src/malloc/slot_table.c): several threads may come to do the same, and each step has two
 * parts to map, state words and runs. Every load, compare-and-exchange and call of the kernel's is a step of its own, and each
 * call for memory may fail.
 *
 * Shown: what is below the limit is mapped, always; and each step that a thread has done brings the limit forward.
 *
 * -DMISTAKE=1: who began unmaps his part again without asking whether anybody has joined.
 * -DMISTAKE=2: who joins does not say so.
 * -DMISTAKE=3: others may begin anew before what was given up is unmapped.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS  3
#define STEPS    2
#define ATTEMPTS 1
#define JOINED   1
#define CLOSING  2

#define BEGUN(step) (4 * (step)) /* by one thread; and JOINED or CLOSING */
#define STATES(step) (step)
#define RUNS(step)   (STEPS + (step))

bool mapped[1 + 2 * STEPS]; /* the parts of each step, of which there is no 0 */
byte limit, begun;

inline map_part() {
    occupied = false;
    atomic {
        if
        :: mapped[part] -> occupied = true; done = false
        :: !mapped[part] -> mapped[part] = true; done = true
        :: !mapped[part] -> done = false
        fi
    }
    if
    :: occupied -> done = begun != BEGUN(next)
    :: else
    fi
}

inline leave_alone() {
    atomic {
        taken = begun == BEGUN(next) || (MISTAKE == 1 && first);
        if
        :: taken -> begun = value
        :: else
        fi
    }
}

inline unmap_states() {
    if
    :: atomic { mapped[STATES(next)] = false; assert(next > limit) };
        if
        :: MISTAKE != 3 -> begun = BEGUN(seen) + JOINED
        :: else
        fi
    :: begun = BEGUN(next) + JOINED /* the kernel refuses */
    fi
}

inline map_more() {
    part = STATES(next);
    map_part();
    if
    :: !done -> value = BEGUN(seen) + JOINED; leave_alone()
    :: else ->
        part = RUNS(next);
        map_part();
        if
        :: !done ->
            value = (MISTAKE == 3 -> BEGUN(seen) + JOINED : BEGUN(next) + CLOSING);
            leave_alone();
            if
            :: taken -> unmap_states()
            :: else
            fi
        :: else
        fi
    fi
}

inline publish() {
    atomic {
        if
        :: limit == seen -> limit = next; assert(mapped[STATES(next)] && mapped[RUNS(next)])
        :: else
        fi;
        assert(limit >= next)
    }
}

proctype thread() {
    byte seen, next, known, attempts, part, value;
    bool occupied, done, taken, first;
    do
    :: attempts < ATTEMPTS ->
        seen = limit;
        if
        :: seen == STEPS -> break
        :: else
        fi;
        next = seen + 1;
        known = begun;
        done = true;
        if
        :: known & CLOSING -> break
        :: else
        fi;
        atomic {
            first = known < BEGUN(next);
            if
            :: begun != known -> done = false
            :: begun == known && first -> begun = BEGUN(next)
            :: begun == known && !first && MISTAKE != 2 -> begun = known | JOINED
            :: begun == known && !first && MISTAKE == 2
            fi
        }
        if
        :: !done
        :: else ->
            map_more();
            if
            :: done -> publish()
            :: else -> attempts++
            fi
        fi
    :: else -> break
    od
}

init {
    atomic {
        run thread();
        run thread();
        run thread()
    }
}
