/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Size classes: which slot a request gets, and where slots of a class are.
 *
 * Slots are 16 bytes apart from 32 to 256, then eight per doubling to 8 KiB; the last class of each doubling
 * from 512 is 16 bytes larger, so that a power of two and its canary need no slot of the next step. From
 * there up to 128 KiB slots are whole pages and each ends at a guard page of its own: a request that fills it
 * needs no canary, as the first byte past its end faults. (With protect-freed this begins at one page.)
 */
#ifndef SIZE_CLASS_H
#define SIZE_CLASS_H

#include "platform.h"

enum {
    CLASS_ZERO = 0,         /* malloc(0): slots of 16 bytes in memory that is never accessible */
    CLASS_FIRST = 1,        /* the smallest class with memory */
    CLASS_FIRST_PAGED = 58, /* the first whose slots are pages with a guard page behind each */
    CLASS_GUARDED = 76,     /* a page for each block of a sample (guarded.h); chosen for no size */
    CLASS_COUNT = 77
};

#define UNPAGED_LIMIT  ((size_t)8208) /* largest slot below CLASS_FIRST_PAGED */
#define SMALL_LIMIT    (128 * KIB)    /* largest slot of all; what does not fit is a large block */
#define CANARY_MINIMUM ((size_t)8)    /* bytes of canary after a block, except before a guard page */

#define RUN_SLOTS_SHIFT 6 /* a run: 64 neighbouring slots */
#define RUN_SLOTS       64u

/* One class. All of it is fixed at start and read-only from then on. One cache line. */
struct size_class {
    char *base;          /* slot 0 */
    uint64_t reciprocal; /* ceil(2^64 / stride): slot = offset * reciprocal / 2^64, exact below 2^46 */
    uint16_t *first;     /* state word of slot 0, for the first slots */
    uint16_t *rest;      /* the same for all others (slot.h) */
    uint64_t stride;     /* bytes from one slot to the next */
    uint32_t slots;      /* that have room in the range */
    uint32_t usable;     /* bytes of a slot that may hold block and canary: stride less the guard page */
    uint32_t magazine;   /* bytes from the start of a heap to this class's magazine */
    uint32_t quarantine; /* the same of its quarantine */
    uint16_t magazine_capacity;
    uint16_t batches;      /* so many wait in its FIFO, a power of two */
    uint8_t batch;         /* slots of a batch, which the front holds too */
    uint8_t mix_mask;      /* entries - 1 of its mix, a power of two */
    uint8_t second, third; /* how slots of up to 528 bytes are covered (whole.h) */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct size_class) == 64, "one cache line");

/* Usable bytes of each class's slots. */
extern const uint32_t class_usable[CLASS_COUNT];

/* Table of the class for requests that need up to UNPAGED_LIMIT bytes, by (bytes + 15) / 16. */
#define CLASS_TABLE_SMALL (UNPAGED_LIMIT / 16 + 1)
/* The same above that, by (bytes + 4095) / 4096. */
#define CLASS_TABLE_PAGED (SMALL_LIMIT / 4096 + 1)

/* Fill in the two tables. */
void class_tables_build(uint8_t *small, uint8_t *paged);

/* ceil(2^64 / stride) for a stride that is not a power of two or is: 2^64 / stride exactly then. */
static inline uint64_t class_reciprocal(uint32_t stride)
{
    return UINT64_MAX / stride + 1;
}

#endif
