/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Guard pages: pages that fault on any access.
 *
 * Where the kernel has MADV_GUARD_INSTALL (Linux 6.13) they are marks in the page table and split no mapping.
 * Elsewhere, and in locked memory, where it is refused, they are made by mprotect(), each at the price of up
 * to two more mappings, within a budget taken from vm.max_map_count; past that they are thinned out rather
 * than let the program run into the limit.
 */
#ifndef GUARD_H
#define GUARD_H

#include "platform.h"

/* Whether guard pages are free of mappings here. Found out on first use, with one page of the caller's. */
bool guard_is_cheap(void);

/*
 * Make [address, address + bytes) inaccessible, giving its pages back. False if the kernel refuses or the
 * budget is spent; the pages then stay as they were.
 */
bool guard_install(void *address, size_t bytes);

/* Make such a range readable and writable again, zeroed. */
bool guard_remove(void *address, size_t bytes);

/* Guards that were unmapped together with what they guarded no longer count against the budget. */
void guard_forget(unsigned guards);

#endif
