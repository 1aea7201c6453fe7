/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * guard-samples: the first few small blocks of a process, and then one of about four thousand, have a page of
 * their own that ends at a guard page and begins behind one (as GWP-ASan does it: LLVM's documentation of
 * that name). Every access past the end and every access after the free faults, reads too, which nothing else
 * can see.
 *
 * They are slots of a class of their own. The block stands at the slot's end, as nearly as its alignment
 * allows; what is left behind it and the bytes before it hold canaries:
 *
 *   slot                            block                                 guard page
 *   | ... | canary, 64 bytes |      size bytes      | canary, 0 to 15 bytes |
 */
#ifndef GUARDED_H
#define GUARDED_H

#include "kind.h"
#include "slot.h"

struct heap;

/* Whether the heap's next block of that size is to be one. */
bool guarded_wants(struct heap *heap, size_t size);

/* A block of that size, 0 < size; zeroed. NULL when there is none to be had. */
void *guarded_allocate(struct heap *heap, size_t size, enum allocation_kind kind);

/* The slot whose live block begins there, or NULL; stores its number. */
state_word *guarded_find(const void *block, uint32_t *slot);

/* False if it is no such block. */
bool guarded_free(struct heap *heap, void *block, const char *operation, enum allocation_kind kind);

/* Where in its slot the block with that state begins. */
size_t guarded_offset(state_word state);

/* Whether a live slot's canaries are whole, which must not have more slack than there is room. */
bool guarded_is_whole(const char *slot, state_word state);

/* Verify the canaries of the live block in that slot. */
bool guarded_verify(uint32_t slot, state_word state, const char *operation);

#endif
