/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A shelf: places for blocks, and what each block must hold. Calls made through it are held to the simplest
 * model of an allocator that there is: a block has its size and alignment, keeps its contents until it is
 * freed, and overlaps no other; calloc's is zero; what cannot be had is NULL with ENOMEM and changes nothing.
 *
 * Nothing here calls anything that may allocate, so that a shelf can be used where memory has run out. What
 * is wrong is said on stderr and counted: the caller decides what follows.
 */
#ifndef SHELF_H
#define SHELF_H

#include "blocks.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compatmalloc.h"

/* The programs work without the library too, which shows that it is the library they test and not themselves.
 */
#pragma weak compatmalloc_check_integrity
#pragma weak compatmalloc_statistics_get
#pragma weak compatmalloc_features

struct shelf_place {
    unsigned char *block; /* NULL: empty */
    size_t size;
    uint64_t seed;
};

struct shelf {
    struct shelf_place *places;
    size_t count;
    uint64_t seed;  /* of the last block */
    size_t refused; /* calls that got no memory */
    size_t wrong;   /* what must never be */
};

enum shelf_call {
    SHELF_MALLOC,
    SHELF_CALLOC,
    SHELF_ALIGNED,
    SHELF_POSIX,
    SHELF_PAGE,
    SHELF_ALLOCATING_CALLS
};

/* The first few are said; one mistake often makes thousands. */
static inline void shelf_complain(struct shelf *shelf, const char *what, size_t place)
{
    char text[160];
    if (shelf->wrong++ >= 5)
        return;
    int length = snprintf(text, sizeof text, "%s: place %zu, %zu bytes at %p\n", what, place,
                          shelf->places[place].size, (void *)shelf->places[place].block);
    (void)!write(STDERR_FILENO, text, (size_t)length);
}

/* Eight bytes at a time: most of the time of these tests goes into this. */
static inline uint64_t shelf_word(uint64_t seed, size_t number)
{
    return (seed + number) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The tests are compiled without built-in functions; these two would be a call for every word. */
static inline void shelf_fill(unsigned char *block, size_t size, uint64_t seed)
{
    size_t at = 0;
    uint64_t word;
    for (; at + 8 <= size; at += 8) {
        word = shelf_word(seed, at);
        __builtin_memcpy(block + at, &word, 8);
    }
    word = shelf_word(seed, at);
    memcpy(block + at, &word, size - at);
}

static inline bool shelf_intact(const unsigned char *block, size_t size, uint64_t seed)
{
    size_t at = 0;
    uint64_t word, difference = 0;
    for (; at + 8 <= size; at += 8) {
        __builtin_memcpy(&word, block + at, 8);
        difference |= word ^ shelf_word(seed, at);
    }
    word = shelf_word(seed, at);
    return difference == 0 && memcmp(block + at, &word, size - at) == 0;
}

static inline void shelf_verify(struct shelf *shelf, size_t place)
{
    const struct shelf_place *held = &shelf->places[place];
    if (held->block && !shelf_intact(held->block, held->size, held->seed))
        shelf_complain(shelf, "contents changed", place);
}

/* What a call answered: a block that is the place's from now on, or nothing. */
static inline bool shelf_put(struct shelf *shelf, size_t place, void *block, size_t alignment, size_t size)
{
    if (!block) {
        if (errno != ENOMEM)
            shelf_complain(shelf, "NULL without ENOMEM", place);
        shelf->refused++;
        return false;
    }
    shelf->places[place] = (struct shelf_place){.block = block, .size = size, .seed = ++shelf->seed << 20};
    if (!aligned(block, alignment))
        shelf_complain(shelf, "wrong alignment", place);
    if (malloc_usable_size(block) < size)
        shelf_complain(shelf, "usable size below what was asked for", place);
    /* On a long shelf this would be all that the time goes into; an overlap shows in the contents as well. */
    for (size_t i = 0; i < shelf->count && shelf->count <= 1024; i++) {
        const struct shelf_place *other = &shelf->places[i];
        if (i != place && other->block && other->block < (unsigned char *)block + size &&
            (unsigned char *)block < other->block + other->size)
            shelf_complain(shelf, "overlaps another block", place);
    }
    return true;
}

/* Fill the empty place. `alignment` is a power of two from 8 on. Returns whether there was memory. */
static inline bool shelf_allocate(struct shelf *shelf, size_t place, enum shelf_call call, size_t alignment,
                                  size_t size)
{
    void *block = NULL;
    errno = 0;
    switch (call) {
    case SHELF_CALLOC:
        alignment = MINIMUM_ALIGNMENT;
        block = calloc(size, 1);
        break;
    case SHELF_ALIGNED:
        block = aligned_alloc(alignment, size);
        break;
    case SHELF_POSIX:
        errno = posix_memalign(&block, alignment, size);
        break;
    case SHELF_PAGE:
        alignment = (size_t)getpagesize();
        block = valloc(size);
        break;
    default:
        alignment = MINIMUM_ALIGNMENT;
        block = malloc(size);
        break;
    }
    if (!shelf_put(shelf, place, block, alignment, size))
        return false;
    if (call == SHELF_CALLOC && !all_zero(block, size))
        shelf_complain(shelf, "calloc's block is not zero", place);
    shelf_fill(block, size, shelf->places[place].seed);
    return true;
}

static inline void shelf_release(struct shelf *shelf, size_t place)
{
    shelf_verify(shelf, place);
    void *block = shelf->places[place].block;
    shelf->places[place].block = NULL;
    errno = EDOM;
    free(block);
    if (errno != EDOM)
        shelf_complain(shelf, "free() changed errno", place);
}

/* Resize what is there; an empty place gets a block. size > 0. */
static inline bool shelf_resize(struct shelf *shelf, size_t place, size_t size)
{
    struct shelf_place old = shelf->places[place];
    shelf_verify(shelf, place);
    errno = 0;
    shelf->places[place].block = NULL;
    if (!shelf_put(shelf, place, realloc(old.block, size), MINIMUM_ALIGNMENT, size)) {
        shelf->places[place] = old;
        shelf_verify(shelf, place);
        return false;
    }
    unsigned char *block = shelf->places[place].block;
    if (old.block &&
        !shelf_intact(block, old.size < size ? old.size & ~(size_t)7 : size & ~(size_t)7, old.seed))
        shelf_complain(shelf, "realloc lost contents", place);
    shelf_fill(block, size, shelf->places[place].seed);
    return true;
}

static inline void shelf_release_all(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        shelf_release(shelf, i);
}

/* Sizes as programs have them: most are small, and some of every order of magnitude. */
static inline size_t shelf_random_size(uint64_t *random, size_t largest)
{
    unsigned bits = (unsigned)(next_random(random) % 64);
    size_t size = next_random(random) & (((size_t)1 << (bits < 40 ? 9 : bits < 58 ? 13 : 20)) - 1);
    return size % (largest + 1);
}

/* One call, of any kind, on any place. */
static inline void shelf_random_call(struct shelf *shelf, uint64_t *random, size_t largest)
{
    size_t place = next_random(random) % shelf->count, size = shelf_random_size(random, largest);
    size_t alignment = (size_t)8 << next_random(random) % (next_random(random) % 16 == 0 ? 15 : 5);
    if (next_random(random) % 3 == 0)
        shelf_resize(shelf, place, size + 1);
    else if (shelf->places[place].block)
        shelf_release(shelf, place);
    else
        shelf_allocate(shelf, place, (enum shelf_call)(next_random(random) % SHELF_ALLOCATING_CALLS),
                       alignment, size);
}

/* What the allocator itself finds wrong with its heap, now or earlier. */
static inline size_t heap_problems(void)
{
    struct compatmalloc_statistics statistics = {0};
    size_t problems = compatmalloc_check_integrity ? compatmalloc_check_integrity() : 0;
    if (compatmalloc_statistics_get && compatmalloc_statistics_get(&statistics, sizeof statistics) == 0)
        problems += statistics.reports;
    return problems;
}

#endif
