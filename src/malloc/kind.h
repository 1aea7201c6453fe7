/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * check-new-delete: which kind of call a block came from. It is remembered in the canary: each kind's differs
 * from the others' by a pattern, so a free of the wrong kind finds a canary that is not its own, and the
 * right kind costs nothing. Blocks that end exactly at a guard page have no canary and are of no known kind.
 */
#ifndef KIND_H
#define KIND_H

#include "feature_set.h"
#include "platform.h"

enum allocation_kind {
    KIND_MALLOC,
    KIND_NEW,
    KIND_NEW_ARRAY,
    /* Of an operator new, besides; of no interest once there is a block. */
    KIND_NOTHROW = 4,
    KIND_ALIGNED = 8
};
#define KIND_COUNT 3
#define KIND_MASK  3

/* What it is taken for with those features: one of the first three. */
static ALWAYS_INLINE enum allocation_kind kind_in_force(enum allocation_kind kind, unsigned features)
{
    return features & CHECK_NEW_DELETE ? kind & KIND_MASK : KIND_MALLOC;
}

/* Within the secret bits of each byte of a canary (canary.h), so that one kind's is as hard to guess as
 * another's. */
static ALWAYS_INLINE uint64_t kind_pattern(enum allocation_kind kind)
{
    return (uint64_t)kind * UINT64_C(0x0101010101010101);
}

#endif
