/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What of the table of extents (slot.h) is there. It grows down. All of it can be read from the start, so
 * that no pointer passed to free() can make us fault; but only what is in use counts as memory of the
 * process.
 */
#ifndef EXTENT_TABLE_H
#define EXTENT_TABLE_H

#include "platform.h"

/* It is mapped from `from` to `to`; make the part that is needed first writable. */
bool extent_table_start(char *from, char *to);

/* Makes the entry writable, and the next extent's readable, where the last slot's neighbour is looked for.
 * False if the kernel refuses. To be called before the entry is looked at. */
bool extent_table_open(const void *entry);

/* Bytes that are writable. */
size_t extent_table_in_use(void);

/* Bytes of address space that extent_table_release() would give back. */
size_t extent_table_unused(void);

/*
 * Address space has run out: unmap what is not in use. From then on a pointer that the process never got, to
 * where its heap has not been yet, makes free() fault instead of being reported. Returns how many bytes.
 */
size_t extent_table_release(void);

void extent_table_fork_child(void);

#endif
