/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the hot paths go when they cannot do it: threads without a heap, sizes 0 and above the unpaged
 * classes, alignments, large blocks, misuse. One copy serves all variants, so features are looked up here.
 */
#ifndef COLD_H
#define COLD_H

#include "kind.h"
#include "platform.h"

/* Any size and alignment (a power of two). NULL with errno ENOMEM if it cannot be had, or what is to be done
 * for an operator new. Not zeroed unless `zeroed`. */
void *cold_allocate(size_t alignment, size_t size, enum allocation_kind kind, bool zeroed);

void *cold_allocate_aligned(size_t alignment, size_t size, enum allocation_kind kind);

/* Any pointer but NULL. */
void cold_free(void *block, const char *operation, enum allocation_kind kind);

/* block is not NULL, size is not 0. */
void *cold_realloc(void *block, size_t size);

/* Bytes of the live block that the program may use; 0, and a report, if it is none. */
size_t cold_usable_size(void *block);

/* free() with the size and alignment that the caller thinks the block has; alignment 0: not stated. */
void cold_free_sized(void *block, size_t alignment, size_t size, const char *operation,
                     enum allocation_kind kind);

#endif
