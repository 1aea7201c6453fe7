/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All that is fixed at start: where things are, the secrets, the settings in force, and which variant of the
 * hot paths serves this process. It stands on pages of its own which are made read-only before the first
 * block is handed out.
 */
#ifndef CONSTANTS_H
#define CONSTANTS_H

#include "canary_constants.h"
#include "feature_set.h"
#include "kind.h"
#include "notice.h"
#include "report.h"
#include "settings.h"
#include "size_class.h"

/* The hot paths of this process: one function table instead of a test of the settings in every call. */
struct dispatch {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t size); /* the product, already checked */
    void (*free)(void *block);    /* NULL too */
    void *(*realloc)(void *block, size_t size);
    void *(*aligned)(size_t alignment, size_t size, enum allocation_kind kind); /* a power of two; any size */
    size_t (*usable_size)(void *block);
    /* The same for any kind of call (kind.h). Size and alignment are what the caller thinks the block has. */
    void *(*allocate)(size_t size, enum allocation_kind kind);
    void (*release)(void *block, const char *operation, enum allocation_kind kind);
    void (*release_sized)(void *block, size_t alignment, size_t size, const char *operation,
                          enum allocation_kind kind);
};

/* What malloc and free look at first of a heap, by class. All zero it says: ask somebody else. */
struct stock {
    uint32_t counts[CLASS_COUNT]; /* slots in the magazine */
    uint32_t rooms[CLASS_COUNT];  /* empty places in the front of the quarantine */
    uint32_t limits[CLASS_COUNT]; /* what slot_table_limits was when this heap last looked */
};

struct constants {
    struct size_class classes[CLASS_COUNT]; /* at the beginning: one instruction less to find one */
    struct stock no_heap;                   /* of threads without a heap (heap.h): always zero */
    struct dispatch dispatch;
    struct dispatch
        untagged; /* the same, for the allocator's own calls; without memory tags it is no other */

    uintptr_t zone_base; /* the zone: CLASS_COUNT ranges of 2^zone_shift bytes, one per class */
    unsigned zone_shift;
    unsigned features; /* features and checks in force: asked for and compiled in */
    char *metadata;    /* where the allocator's own data begins */
    size_t page_size;
    size_t slack_minimum;       /* CANARY_MINIMUM or 0 */
    size_t slack_minimum_paged; /* the same for slots that end at a guard page */
    size_t guard_interval;      /* bytes between random guard pages: one in each such window */

    struct canary_constants canary;
    uint64_t poison; /* the word that freed memory holds */
    uint64_t fill;   /* the word written at free: poison, or 0 */
    bool started;
    bool passthrough;  /* every call goes to libc */
    bool secure;       /* AT_SECURE: set-user-ID and the like */
    bool tags;         /* small blocks have memory tags (tags.h), */
    bool tags_replace; /* and features that these make needless are left out */
    bool operators;    /* the C++ operators new and delete are ours */
    struct settings settings;
    struct report_policy reports;

    uint8_t class_of_small[CLASS_TABLE_SMALL];
    uint8_t class_of_paged[CLASS_TABLE_PAGED];
    uint8_t extent_shift[CLASS_COUNT]; /* what of a class is mapped and unmapped at once: 2^that slots */
    uint8_t run_shift[CLASS_COUNT];    /* a run: 2^that slots; 64, or an extent where that is less */

    struct notice notice; /* for compatmallocctl, of what is in force */

    char program[256]; /* the executable's path, for reports that may not ask; empty if it is not known */
} __attribute__((aligned(PAGE_SIZE_MAX)));

extern struct constants constants;

static ALWAYS_INLINE unsigned class_index(const struct size_class *class)
{
    return (unsigned)(class - constants.classes);
}

static inline unsigned class_extent_shift(const struct size_class *class)
{
    return constants.extent_shift[class_index(class)];
}

static inline unsigned class_run_shift(const struct size_class *class)
{
    return constants.run_shift[class_index(class)];
}

#endif
