/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Guard pages: pages that fault on any access.
 *
 * Where the kernel has MADV_GUARD_INSTALL (Linux 6.13) they are marks in the page table and split no mapping.
 * Elsewhere, and in locked memory, where it is refused, they are mappings of their own, each at the price of
 * up to two more, within a budget taken from vm.max_map_count; past that they are thinned out rather than let
 * the program run into the limit.
 */
#ifndef GUARD_H
#define GUARD_H

#include "platform.h"

enum guard {
    GUARD_NONE, /* the kernel refuses, or the budget is spent */
    GUARD_MARKS,
    GUARD_MAPPING /* counts against the budget until guard_remove() or guard_forget() */
};

/* Ask for what may be needed later, when a sandbox may not let it through any more. */
void guard_prepare(void);

/* Whether guard pages are free of mappings here. Found out on first use, with one page of the caller's. */
bool guard_is_cheap(void);

/* Make [address, address + bytes) inaccessible, giving its pages back. GUARD_NONE: they stay as they were. */
enum guard guard_install(void *address, size_t bytes);

/* Make a guard readable and writable again, zeroed. */
bool guard_remove(void *address, size_t bytes);

/* The same for the front of a guard of which more is left behind it. */
bool guard_narrow(void *address, size_t bytes);

/* Make guards that are mappings accessible. They count until guard_forget(). */
void guard_lift(void *address, size_t bytes);

/* Whether any of the process's guards are mappings. */
bool guard_has_mappings(void);

/* No more guards that are mappings than there are now: the process has come to its limit. */
void guard_economize(void);

/* So many guards that counted against the budget went with what they guarded. */
void guard_forget(unsigned guards);

#endif
