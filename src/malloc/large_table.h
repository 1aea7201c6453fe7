/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is known of each large block, by its address. The caller holds large.c's lock. */
#ifndef LARGE_TABLE_H
#define LARGE_TABLE_H

#include "kind.h"
#include "platform.h"

#define LARGE_ALIGNMENT ((size_t)64)

enum large_state {
    LARGE_LIVE,
    LARGE_CHANGING, /* in the hands of the thread that frees or resizes it */
    LARGE_FREED     /* inaccessible: in quarantine, or cached for reuse */
};

struct large {
    char *block;
    size_t size; /* requested */
    char *end;   /* the guard begins here; the canary ends here */
    char *map;
    size_t bytes; /* of the mapping, guard pages included */
    enum large_state state;
    enum allocation_kind kind;
    uint8_t guards; /* guards around it that are mappings of their own */
    bool walled;    /* its mapping is inaccessible but for the block's pages, and there are no other guards */
    bool kept;      /* freed with its pages, all zero, behind protection; else they went back to the kernel */
    uint32_t freed_at; /* seconds of the monotonic clock */
};

struct large *large_table_find(const char *block);

/* False if there is no memory for a larger table. */
bool large_table_insert(const struct large *large);

/* A freed one is remembered for a while, so that freeing it once more is still called by its name. */
void large_table_remove(struct large *large);
bool large_table_remembers(const char *block);

/* For all i below the size: an entry, or NULL where there is none. */
uint32_t large_table_size(void);
struct large *large_table_at(uint32_t i);

#endif
