/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * compatmalloc: the few things a program can ask of the allocator beyond the standard interface.
 *
 * A program that wants to work with and without the library declares these weak and tests them for NULL.
 */
#ifndef COMPATMALLOC_H
#define COMPATMALLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COMPATMALLOC_VERSION_MAJOR  0
#define COMPATMALLOC_VERSION_MINOR  1
#define COMPATMALLOC_VERSION_PATCH  0
#define COMPATMALLOC_VERSION_STRING "0.1.0"

/* Bits of compatmalloc_features(). */
enum compatmalloc_feature {
    COMPATMALLOC_QUARANTINE = 1u << 0,
    COMPATMALLOC_GUARD_PAGES = 1u << 1,
    COMPATMALLOC_SLOT_RANDOMIZATION = 1u << 2,
    COMPATMALLOC_CANARIES = 1u << 3,
    COMPATMALLOC_POISON_ON_FREE = 1u << 4,
    COMPATMALLOC_WRITE_AFTER_FREE_CHECK = 1u << 5,
    COMPATMALLOC_ZERO_ON_FREE = 1u << 6
};

/* All sizes are in bytes. Counts are a snapshot: other threads go on while it is taken. */
struct compatmalloc_statistics {
    size_t struct_size;     /* sizeof(struct compatmalloc_statistics) of the library that filled it in */
    size_t live_blocks;     /* blocks handed out and not freed */
    size_t live_bytes;      /* their requested sizes, summed */
    size_t live_slot_bytes; /* the slots and mappings that hold them, summed */
    size_t large_blocks;    /* of live_blocks, those with a mapping of their own */
    size_t large_bytes;     /* of live_bytes, those in large blocks */
    size_t free_bytes;      /* slots that hold no block: free, cached, quarantined */
    size_t mapped_bytes;    /* address space mapped for slots and large blocks */
    size_t metadata_bytes;  /* address space mapped for the allocator's own data */
    size_t cached_bytes;    /* freed large blocks kept for reuse */
    size_t heaps;           /* per-thread heaps in existence, attached to a thread or waiting for one */
    size_t reports; /* problems reported by this process so far (more than 0 only with on-error = log) */
};

/* The library's version, "MAJOR.MINOR.PATCH". Never NULL; static storage. */
const char *compatmalloc_version(void);

/* The features in force in this process: an OR of enum compatmalloc_feature; 0 when passing through to libc.
 */
unsigned compatmalloc_features(void);

/*
 * The features in force by name, separated by single spaces, in the order of the enumeration; "" for none.
 * Never NULL; static storage.
 */
const char *compatmalloc_features_string(void);

/*
 * Verify every block and every freed slot of the process, as far as the features in force allow: canaries of
 * live blocks, poison of freed ones, consistency of the allocator's own data. Each problem found is reported
 * as a misuse would be (so with on-error = abort the first one ends the process). Returns the number of
 * problems found; 0 if the heap is sound. Thread-safe.
 */
size_t compatmalloc_check_integrity(void);

/*
 * Fill in *statistics, of which the caller says it has room for `size` bytes (sizeof *statistics): an older
 * program with a newer library gets the fields that it knows. Returns 0, or -1 with errno EINVAL when
 * statistics is NULL or size is less than one field.
 */
int compatmalloc_statistics_get(struct compatmalloc_statistics *statistics, size_t size);

#ifdef __cplusplus
}
#endif

#endif
