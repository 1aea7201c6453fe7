/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory tags: aarch64's Memory Tagging Extension, where processor and kernel offer it.
 *
 * Each 16 bytes of the regions of small slots have a tag from 0 to 15, and so have the addresses that
 * programs get. What the program then does with an address whose tag is not the memory's is a fault, at once,
 * be it a read.
 *
 * - A live block has one tag throughout; the rest of its slot has tag 0, which no address has.
 * - Slots with even numbers have even tags, those with odd ones odd ones: so an address never fits a
 *   neighbour.
 * - free gives the whole slot another tag, which its next owner keeps: so no address fits what is freed, nor
 *   the next block in its place.
 *
 * All of it happens where blocks enter and leave the allocator (paths_tagged.c). Inside, addresses have no
 * tags, and memory is not checked for them. What is no small slot has no tags: it has guard pages.
 */
#ifndef TAGS_H
#define TAGS_H

#include "constants.h"

#if defined(__aarch64__)
#define TAGS_POSSIBLE 1
#else
#define TAGS_POSSIBLE 0
#endif

/* Bits of an address that say its tag. */
#define TAGS_SHIFT 56
#define TAGS_MASK  ((uintptr_t)15 << TAGS_SHIFT)

static ALWAYS_INLINE bool tags_in_force(void)
{
    return TAGS_POSSIBLE && constants.tags;
}

/*
 * The features that slots of a class keep. Whoever writes to a freed slot with tags is stopped there and
 * then, so it need not be filled with poison, nor looked at before it is handed out again. The canary stays:
 * it begins within 16 bytes that have the block's own tag.
 */
static ALWAYS_INLINE unsigned tags_leave(unsigned class, unsigned features)
{
    const unsigned replaced = COMPATMALLOC_POISON_ON_FREE | COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    bool has_tags = TAGS_POSSIBLE && unlikely(constants.tags_replace) && class < CLASS_FIRST_PAGED;
    return has_tags ? features & ~replaced : features;
}

/* The address as the allocator knows it. */
static ALWAYS_INLINE void *tags_strip(const void *address)
{
    return (void *)(tags_in_force() ? (uintptr_t)address & ~TAGS_MASK : (uintptr_t)address);
}

/* What a class's regions are mapped with. */
int tags_protection(unsigned class);

#if TAGS_POSSIBLE

/* Ask the kernel. False if it does not offer tags. */
bool tags_start(void);

/* This thread's accesses are not checked any more. */
bool tags_give_up(void);

/* Whether this thread's accesses are checked: PSTATE.TCO. */
static ALWAYS_INLINE void tags_restore(uint64_t before)
{
    if (tags_in_force())
        __asm__ volatile(".arch armv8.5-a+memtag\n\tmsr tco, %0" : : "r"(before) : "memory");
}

/* From here to tags_restore() they are not. Calls may nest: libc's functions may allocate while they serve
 * the allocator. (A signal handler's accesses are checked.) */
static ALWAYS_INLINE uint64_t tags_ignore(void)
{
    uint64_t before = 0;
    if (tags_in_force())
        __asm__ volatile(".arch armv8.5-a+memtag\n\tmrs %0, tco\n\tmsr tco, #1" : "=r"(before) : : "memory");
    return before;
}

/* Where the program's own code goes on and may never return. */
static ALWAYS_INLINE void tags_check(void)
{
    tags_restore(0);
}

#else

static inline bool tags_start(void)
{
    return false;
}

static inline bool tags_give_up(void)
{
    return false;
}

static inline uint64_t tags_ignore(void)
{
    return 0;
}

static inline void tags_restore(uint64_t before)
{
    (void)before;
}

static inline void tags_check(void)
{
}

#endif

#endif
