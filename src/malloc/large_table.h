/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is known of each large block, by its address.
 *
 * There is no lock. An entry's key is the address with the state of the block in its low bits, so one
 * compare-and-exchange finds a block in one state and takes it over into another: whoever makes it CHANGING
 * has it to himself. Records are copied out and in. A thread that never goes on leaves an entry that nobody
 * uses.
 */
#ifndef LARGE_TABLE_H
#define LARGE_TABLE_H

#include <stdatomic.h>

#include "kind.h"
#include "platform.h"

#define LARGE_ALIGNMENT ((size_t)64)

enum large_state {
    LARGE_LIVE,
    LARGE_CHECKED,  /* the same, and somebody looks at its canaries: it must stay accessible for a moment */
    LARGE_CHANGING, /* in the hands of the thread that frees or resizes it */
    LARGE_FREED     /* inaccessible and in quarantine; or a park (large_mapping.h) */
};

/* How the pages that a block used lie in it, as the last one showed that had this mapping. */
enum large_use {
    USE_UNKNOWN,
    USE_BEGINNING, /* from the first one on, without a gap */
    USE_SCATTERED
};

struct large {
    char *block;
    size_t size; /* requested */
    char *end;   /* the guard begins here; the canary ends here */
    char *map;
    size_t bytes;      /* of the mapping, guard pages included */
    char *reach;       /* pages that are kept of it end here or earlier; NULL: with kept */
    uint32_t freed_at; /* seconds of the monotonic clock */
    uint32_t kept;     /* pages of a park or of a freed block, all zero */
    enum allocation_kind kind;
    uint8_t guards; /* guards around it that are mappings of their own */
    bool damaged;   /* found so, and reported */
    bool park;      /* no block (large_mapping.h) */
    bool walled;    /* its mapping is inaccessible but for the block's pages, and there are no other guards */
    uint8_t use;    /* of enum large_use */
    uint16_t level; /* where its entry is */
    size_t place;
};

/* Enter a block in that state; sets the entry. False if there is no memory for a larger table. */
bool large_table_insert(struct large *large, enum large_state state);

/* A copy of what is known of a block in that state. False if there is no such. */
bool large_table_look(const char *block, enum large_state state, struct large *copy);

/* The same, and the block is in another state from then on. */
bool large_table_change(const char *block, enum large_state from, enum large_state to, struct large *copy);

/* For whoever made it CHANGING: put down what is known now, and let it go into that state. */
void large_table_put_back(const struct large *large, enum large_state state);

/* For whoever made it CHANGING, before the address can be somebody else's. */
void large_table_remove(const struct large *large);

/* Blocks that have left the table are remembered for a while, so that freeing one more is still called by its
 * name. */
void large_table_remember(const char *block);
bool large_table_remembers(const char *block);

/* All blocks, one after the other, from *at = 0 on; false at the end. Those that come and go meanwhile may be
 * missed. */
bool large_table_next(size_t *at, struct large *copy, enum large_state *state);

#endif
