/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Giving memory back to the kernel: pages on which no block lives. */
#ifndef TRIM_H
#define TRIM_H

#include "platform.h"

struct heap;
struct run;

/* A run of the heap has become free altogether. Gives back if enough have since the last time. */
void trim_run_free(struct heap *heap, struct run *run);

/* Slots are about to be taken from it, or its memory is about to go. */
void trim_run_in_use(struct heap *heap, struct run *run);

/* It is another heap's now. */
void trim_run_moved(struct heap *from, struct heap *to, struct run *run);

/* Give back all pages of the heap's runs on which no block lives. Returns how many bytes. */
size_t trim_heap(struct heap *heap);

/* Give back all that this thread can: its own heap, idle heaps, cached large blocks. Returns whether there
 * was anything. */
bool trim_everything(void);

/*
 * The same when memory or address space has run out: quarantines are emptied too, and what is free is
 * unmapped. It weakens protection for a moment, so it is only for when the alternative is to fail.
 */
bool trim_emergency(void);

#endif
