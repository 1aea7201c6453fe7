/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sites.h"

SELDOM struct site_entry site_entries[SITE_ENTRIES];

struct sites sites_of(const void *block)
{
    const struct site_entry *entry = site_entry_of(block);
    if (atomic_load_explicit(&entry->block, memory_order_acquire) != (uintptr_t)block)
        return (struct sites){NULL, NULL};
    struct sites sites = {atomic_load_explicit(&entry->allocated, memory_order_acquire),
                          atomic_load_explicit(&entry->freed, memory_order_acquire)};
    bool same = atomic_load_explicit(&entry->block, memory_order_acquire) == (uintptr_t)block;
    return same ? sites : (struct sites){NULL, NULL};
}
