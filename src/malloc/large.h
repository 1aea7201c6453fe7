/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Large blocks: what does not fit a slot has a mapping of its own, with a guard page before it and one behind
 * it. The block ends at the guard page as nearly as 64-byte alignment allows; what is left over holds a
 * canary.
 *
 *   map                                                                     map + bytes
 *   | guard | (rest of the page) block ............................ canary | guard |
 *
 * What is known of a mapping is in a table elsewhere, by the address of its block. A freed block is
 * inaccessible at once, and stays so until it leaves a quarantine of a few blocks; then its address space is
 * reused or given back.
 */
#ifndef LARGE_H
#define LARGE_H

#include "kind.h"
#include "platform.h"
#include "report.h"

struct large_statistics {
    size_t blocks;
    size_t bytes;  /* requested */
    size_t mapped; /* of live blocks, guard pages included */
    size_t cached; /* address space of freed ones */
};

/* `alignment` is a power of two. Zeroed. NULL when there is no memory. */
void *large_allocate(size_t alignment, size_t size, enum allocation_kind kind);

/* False if it is not the start of a live large block: the caller reports. */
bool large_free(void *block, const char *operation, enum allocation_kind kind);

/*
 * Change the size of the block in place or by moving its pages. Returns false if it is not a live large
 * block, else true and *result: the block, or NULL when it should rather be copied (then nothing has
 * changed).
 */
bool large_resize(void *block, size_t size, void **result);

/* Requested size of a live large block; false if it is none. */
bool large_size(const void *block, size_t *size);

/* Complete the report about a pointer that is no live block. */
void large_describe(const void *pointer, struct report *report);

/* Describe an access to inaccessible memory in or around a large block; false if the address is at none. */
bool large_describe_fault(const char *address, enum report_access access, struct report *report);

/* That block, live or freed, is never to be used again. */
void large_retire(const char *address);

/* Verify all canaries; returns how many are damaged, each reported. */
size_t large_check(const char *operation);

/* Give back cached address space, and if `quarantined` that of blocks in quarantine too. Returns whether
 * there was any. */
bool large_trim(bool quarantined);

void large_statistics(struct large_statistics *statistics);

/* Bytes that are mapped for large blocks and are no live one's: they wait, or a thread has them in its hands.
 */
size_t large_unused(void);

#endif
