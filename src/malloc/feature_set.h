/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hardening features: which are compiled in (a constant the compiler folds), and their names, which are
 * the same in FEATURES=, in the configuration and in the documentation.
 */
#ifndef FEATURE_SET_H
#define FEATURE_SET_H

#include "compatmalloc.h"

#define FEATURE_COUNT 7
#define FEATURES_ALL  0x7fu

/* Checks that are no features; the strict profile has them all. They share a word with the features. */
enum check {
    CHECK_NEIGHBOURS = 1 << 8, /* free verifies what lies on both sides of the block */
    CHECK_COPIES = 1 << 9,     /* memcpy and its relatives stay within the blocks that they are given */
    CHECK_NEW_DELETE =
        1 << 10, /* what new made must go to delete, what new[] made to delete[], the rest to free */
    PROTECT_FREED = 1 << 11,  /* freed blocks of a page and more are inaccessible */
    GUARD_SAMPLES = 1 << 12,  /* some small blocks have a page of their own */
    RECORD_CALLERS = 1 << 13, /* where blocks were allocated and freed is kept for reports */
};
#define CHECK_COUNT  6
#define CHECKS_SHIFT 8
#define CHECKS_ALL   0x3f00u

/* Set by the Makefile from FEATURES=; a source-level reader (an editor, a linter) sees all of them. */
#ifndef FEATURES_COMPILED
#define FEATURES_COMPILED FEATURES_ALL
#endif

/* What each profile has in force; and of that, what is compiled in, which the paths compiled for it fold. */
#define PROFILE_FEATURES_DEFAULT (FEATURES_ALL | CHECK_NEW_DELETE)
#define PROFILE_FEATURES_STRICT  (FEATURES_ALL | CHECKS_ALL)
#define PROFILE_FEATURES_LIGHT                                                                               \
    (PROFILE_FEATURES_DEFAULT & ~(unsigned)(COMPATMALLOC_QUARANTINE | COMPATMALLOC_POISON_ON_FREE |          \
                                            COMPATMALLOC_WRITE_AFTER_FREE_CHECK))

#define FEATURES_DEFAULT (PROFILE_FEATURES_DEFAULT & (FEATURES_COMPILED | CHECKS_ALL))
#define FEATURES_STRICT  (PROFILE_FEATURES_STRICT & (FEATURES_COMPILED | CHECKS_ALL))
#define FEATURES_LIGHT   (PROFILE_FEATURES_LIGHT & (FEATURES_COMPILED | CHECKS_ALL))

/* Indexed by bit number of enum compatmalloc_feature. */
#define FEATURE_NAMES                                                                                        \
    {                                                                                                        \
        "quarantine", "guard-pages", "slot-randomization", "canaries", "poison-on-free",                     \
            "write-after-free-check", "zero-on-free"                                                         \
    }

/* Indexed by bit number of enum check, less CHECKS_SHIFT. */
#define CHECK_NAMES                                                                                          \
    {                                                                                                        \
        "check-neighbours", "check-copies", "check-new-delete", "protect-freed", "guard-samples",            \
            "record-callers"                                                                                 \
    }

#endif
