/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looking at slots that are in nobody's hands, or in somebody else's: whether they hold what they should. The
 * hot paths verify their own slots themselves (canary.h, fill.h); this is for the neighbours of a block and
 * for the check of the whole heap.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "slot.h"

/* Part of a slot: of a free one, the bytes [from, to) are looked at; of a live one, the canary. */
struct part {
    const struct size_class *class;
    char *slot;
    state_word *word;
    state_word state; /* when it was found */
    size_t from, to;
};

/* The whole of a slot that is known to be mapped. */
struct part verify_part(const struct size_class *class, uint32_t slot);

/* Whether it is as it was left. Another thread may be at it: damage counts if it and the state stay. */
bool verify_is_whole(const struct part *part);

/* First damaged byte, as an offset in the slot, and how many bytes from it to the last such. */
size_t verify_first_damage(const struct part *part, size_t *count);

/* Report the damage in the name of the slot itself: an overflow of the live block, a write after the free. */
void verify_report(const struct part *part, const char *operation);

#endif
