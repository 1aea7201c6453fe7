/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From a state of affairs that cannot be to the report of it. Cold. With on-error = log all of these return.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include "kind.h"
#include "platform.h"
#include "state.h"

struct size_class;

/* A pointer that is not the start of a live block was passed to `operation`. Finds out what it is. */
void misuse_bad_pointer(const void *pointer, const char *operation);

/* The canary of a live block is damaged. */
void misuse_overflow(const struct size_class *class, char *slot, size_t slack, const char *operation);

/*
 * The canary of a live block is not what a call of that kind expects. Returns true if the block is sound all
 * the same, so that the caller may go on with it: what was reported is its kind (kind.h).
 */
bool misuse_canary(const struct size_class *class, char *slot, size_t slack, const char *operation);

/* A block of one kind was passed to an operation that is for another. */
void misuse_kind(const void *block, size_t size, enum allocation_kind made, const char *operation);

/* A freed slot was written to; the damage is at or behind `part`. */
void misuse_write_after_free(const struct size_class *class, char *slot, const char *part, uint64_t word,
                             const char *operation);

/* What the allocator remembers of a slot cannot be. `record` says which part of it; slot may be NULL. */
void misuse_metadata(const struct size_class *class, const char *slot, const char *record,
                     const char *operation);

/* A sized deallocation named the wrong size or alignment. */
void misuse_wrong_size(const void *block, size_t actual, size_t claimed, const char *detail,
                       const char *operation);

#endif
