/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How slots travel: from a run's bitmap to a magazine, to whoever allocates, and back, by way of outbox, parcel and inbox
 * where the run is somebody else's, while threads end, heaps wait for the next one, and runs change their owner
 * (src/malloc/heap.c, refill.c, inbox.c, region.c). Every load and store of what threads share is a step of its own. The stack
 * of empty parcels is spare.pml's, and one step here.
 *
 * Shown: only one thread at a time works on a run's bitmap; no slot is in two places, nor lost: when all have ended, each
 * is live, or in one bitmap, magazine, outbox or parcel.
 *
 * -DMISTAKE=1: an idle heap is borrowed without taking it out of the idle ones.
 * -DMISTAKE=2: a parcel is pushed by a store, not by a compare-and-exchange.
 * -DMISTAKE=3: a thread that ends makes its heap idle first, and then delivers its outbox.
 */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define THREADS 2
#define HEAPS   3
#define RUNS    2
#define SLOTS   4 /* two in each run; sets of them are bits */
#define PARCELS 4
#define MALLOCS 2 /* by all threads together */
#define LIVES   2 /* of the first thread; the second has one */
#define NONE    15

#define BIT(slot)     (1 << (slot))
#define RUN(slot)     ((slot) / 2)
#define ALL_OF(run)   (3 << (2 * (run)))

byte owner[RUNS] = NONE;
byte bitmap[RUNS];
bool listed[RUNS];
byte frontier;              /* runs handed out so far */
byte working[RUNS];         /* threads that change its bitmap or list this moment */

byte live;                  /* slots in the hands of the program; any thread may free any */
byte mallocs;

byte magazine[HEAPS], outbox[HEAPS], inbox[HEAPS] = NONE;
bool idle[HEAPS];
byte heaps;                 /* made so far */

byte next[PARCELS] = NONE, contents[PARCELS];
byte spare = NONE, parcels; /* empty ones; made so far */

byte ended;

/* --- outbox and parcels */

inline parcel_new(p) {
    atomic {
        if
        :: spare != NONE -> p = spare; spare = next[p]
        :: else -> assert(parcels < PARCELS); p = parcels; parcels++
        fi;
        contents[p] = 0;
        next[p] = NONE
    }
}

inline parcel_recycle(p) {
    atomic { next[p] = spare; spare = p }
}

/* deliver() */
inline push(p, to) {
    first = inbox[to];
    do
    :: next[p] = first;
       atomic {
           if
           :: inbox[to] == first || MISTAKE == 2 -> inbox[to] = p; break
           :: else -> first = inbox[to]
           fi
       }
    od
}

/* outbox_deliver(): a parcel for the owner of the first one, with all that are the same owner's at that moment. */
inline outbox_deliver(h) {
    do
    :: outbox[h] == 0 -> break
    :: else ->
        parcel_new(parcel);
        to = NONE;
        at = 0;
        do
        :: at == SLOTS -> break
        :: at < SLOTS && !(outbox[h] & BIT(at)) -> at++
        :: at < SLOTS && (outbox[h] & BIT(at)) ->
            who = owner[RUN(at)];
            if
            :: to == NONE -> to = who
            :: else
            fi;
            if
            :: who == to -> contents[parcel] = contents[parcel] | BIT(at); outbox[h] = outbox[h] & ~BIT(at)
            :: else
            fi;
            at++
        od;
        if
        :: contents[parcel] != 0 -> push(parcel, to)
        :: else -> parcel_recycle(parcel)
        fi
    od
}

/* run_take_back(); an outbox holds one slot here, so that the second delivers. */
inline take_back(h, slot) {
    who2 = owner[RUN(slot)];
    if
    :: who2 == h ->
        working[RUN(slot)]++;
        assert(working[RUN(slot)] == 1);
        word = bitmap[RUN(slot)];
        assert(!(word & BIT(slot)));
        bitmap[RUN(slot)] = word | BIT(slot);
        listed[RUN(slot)] = true;
        working[RUN(slot)]--
    :: else ->
        if
        :: outbox[h] != 0 -> outbox_deliver(h)
        :: else
        fi;
        assert(!(outbox[h] & BIT(slot)));
        outbox[h] = outbox[h] | BIT(slot)
    fi
}

inline inbox_take(h) {
    atomic { parcel2 = inbox[h]; inbox[h] = NONE }
    do
    :: parcel2 == NONE -> break
    :: else ->
        following = next[parcel2];
        at2 = 0;
        do
        :: at2 == SLOTS -> break
        :: at2 < SLOTS && (contents[parcel2] & BIT(at2)) -> take_back(h, at2); at2++
        :: at2 < SLOTS && !(contents[parcel2] & BIT(at2)) -> at2++
        od;
        parcel_recycle(parcel2);
        parcel2 = following
    od
}

/* --- magazines */

/* magazine_spill_all() */
inline spill(h) {
    at3 = 0;
    do
    :: at3 == SLOTS -> break
    :: at3 < SLOTS && (magazine[h] & BIT(at3)) ->
        magazine[h] = magazine[h] & ~BIT(at3);
        take_back(h, at3);
        at3++
    :: at3 < SLOTS && !(magazine[h] & BIT(at3)) -> at3++
    od
}

/* gather_listed(): one run of one's own */
inline gather(h) {
    r = 0;
    do
    :: r == RUNS -> break
    :: r < RUNS && owner[r] == h && listed[r] ->
        working[r]++;
        assert(working[r] == 1);
        listed[r] = false;
        assert((magazine[h] & bitmap[r]) == 0);
        magazine[h] = magazine[h] | bitmap[r];
        bitmap[r] = 0;
        working[r]--;
        break
    :: else -> r++
    od
}

/* adopt_from_idle(): borrow an idle heap, and take over those of its runs that have free slots */
inline adopt(h) {
    other = NONE;
    atomic {
        if
        :: idle[0] -> other = 0; idle[0] = (MISTAKE == 1)
        :: idle[1] -> other = 1; idle[1] = (MISTAKE == 1)
        :: idle[2] -> other = 2; idle[2] = (MISTAKE == 1)
        :: else
        fi
    }
    if
    :: other != NONE ->
        inbox_take(other);
        spill(other);
        r = 0;
        do
        :: r == RUNS -> break
        :: r < RUNS && owner[r] == other && listed[r] -> owner[r] = h; r++
        :: else -> r++
        od;
        idle[other] = true
    :: else
    fi
}

/* region_next_run() */
inline next_run(h) {
    atomic {
        if
        :: frontier < RUNS ->
            owner[frontier] = h;
            bitmap[frontier] = ALL_OF(frontier);
            listed[frontier] = true;
            frontier++
        :: else
        fi
    }
}

/* magazine_refill() */
inline refill(h) {
    inbox_take(h);
    gather(h);
    if
    :: magazine[h] == 0 -> adopt(h); gather(h)
    :: else
    fi;
    if
    :: magazine[h] == 0 -> next_run(h); gather(h)
    :: else
    fi
}

/* --- threads */

inline attach(h) {
    atomic {
        if
        :: idle[0] -> h = 0; idle[0] = false
        :: idle[1] -> h = 1; idle[1] = false
        :: idle[2] -> h = 2; idle[2] = false
        :: !idle[0] && !idle[1] && !idle[2] -> h = heaps; heaps++
        fi
    }
}

/* thread_ends() */
inline detach(h) {
    if
    :: MISTAKE == 3 -> idle[h] = true; outbox_deliver(h)
    :: else -> outbox_deliver(h); idle[h] = true
    fi
}

inline allocate(h) {
    if
    :: magazine[h] == 0 -> refill(h)
    :: else
    fi;
    atomic {
        if
        :: magazine[h] & BIT(0) -> slot = 0
        :: magazine[h] & BIT(1) -> slot = 1
        :: magazine[h] & BIT(2) -> slot = 2
        :: magazine[h] & BIT(3) -> slot = 3
        :: magazine[h] == 0 -> slot = NONE
        fi;
        if
        :: slot != NONE ->
            magazine[h] = magazine[h] & ~BIT(slot);
            assert(!(live & BIT(slot)));
            live = live | BIT(slot)
        :: else
        fi
    }
}

/* The exchange on the state word is one step: racing-frees.pml is about that. */
inline release(h) {
    atomic {
        if
        :: live & BIT(0) -> slot = 0
        :: live & BIT(1) -> slot = 1
        :: live & BIT(2) -> slot = 2
        :: live & BIT(3) -> slot = 3
        :: live == 0 -> slot = NONE
        fi;
        if
        :: slot != NONE -> live = live & ~BIT(slot)
        :: else
        fi
    }
    if
    :: slot != NONE ->
        assert(!(magazine[h] & BIT(slot)));
        magazine[h] = magazine[h] | BIT(slot)
    :: else
    fi
}

active [THREADS] proctype thread() {
    byte h, slot, r, other, parcel, parcel2, following, first, to, who, who2, at, at2, at3, word, lives;
    do
    :: lives < LIVES - _pid ->
        attach(h);
        do
        :: atomic { mallocs < MALLOCS -> mallocs++ } allocate(h)
        :: live != 0 -> release(h)
        :: magazine[h] != 0 -> spill(h)
        :: break
        od;
        detach(h);
        lives++
    :: else -> break
    od;
    ended++
}

#define EXACTLY_ONE(set) ((set) == BIT(0) || (set) == BIT(1) || (set) == BIT(2) || (set) == BIT(3))

active proctype judge() {
    byte slot, h, p, places;
    ended == THREADS;
    atomic {
        slot = 0;
        do
        :: slot == SLOTS -> break
        :: slot < SLOTS && RUN(slot) >= frontier -> slot++
        :: slot < SLOTS && RUN(slot) < frontier ->
            places = ((live & BIT(slot)) != 0) + ((bitmap[RUN(slot)] & BIT(slot)) != 0);
            h = 0;
            do
            :: h == HEAPS -> break
            :: else ->
                places = places + ((magazine[h] & BIT(slot)) != 0) + ((outbox[h] & BIT(slot)) != 0);
                p = inbox[h];
                do
                :: p == NONE -> break
                :: else -> places = places + ((contents[p] & BIT(slot)) != 0); p = next[p]
                od;
                h++
            od;
            assert(places == 1);
            slot++
        od
    }
}
