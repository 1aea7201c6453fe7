/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * check-new-delete: which kind of call a block came from. It is remembered in the canary: that of a block
 * from new or new[] differs from what it would be otherwise by a pattern, so a free() of the wrong kind finds
 * a canary that is not its own, and the paths of malloc and free know nothing of it. Blocks that end exactly
 * at a guard page have no canary and are of no known kind.
 */
#ifndef NEW_DELETE_H
#define NEW_DELETE_H

#include "platform.h"

enum allocation_kind {
    KIND_MALLOC,
    KIND_NEW,
    KIND_NEW_ARRAY
};

/* Mark a block that malloc has just made as being of that kind. */
void new_delete_mark(void *block, enum allocation_kind kind);

/*
 * Before a block is freed by the call that belongs to that kind: if it is of that kind, or of another, which
 * is reported, make it an ordinary block again. If it is none at all nothing happens: free finds out.
 */
void new_delete_unmark(void *block, enum allocation_kind kind);

/* Whether the canary at the end of the slot is whole and marked. */
bool new_delete_is_marked(const char *slot, size_t usable, size_t slack);

/*
 * The canary of a slot is not what free or realloc expects. If that is because the block is marked, report
 * that, make it an ordinary block, and return true.
 */
bool new_delete_settle(char *slot, size_t usable, size_t slack, const char *operation);

#endif
