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

/* Set by the Makefile from FEATURES=; a source-level reader (an editor, a linter) sees all of them. */
#ifndef FEATURES_COMPILED
#define FEATURES_COMPILED FEATURES_ALL
#endif

/* Indexed by bit number of enum compatmalloc_feature. */
#define FEATURE_NAMES                                                                                        \
    {                                                                                                        \
        "quarantine", "guard-pages", "slot-randomization", "canaries", "poison-on-free",                     \
            "write-after-free-check", "zero-on-free"                                                         \
    }

#endif
