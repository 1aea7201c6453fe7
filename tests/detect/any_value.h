/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Values that programs might take for pointers to blocks, none of which is: of the whole range, and near
 * everything that is there. Chosen at random, differently in each run.
 */
#ifndef ANY_VALUE_H
#define ANY_VALUE_H

#include "reports.h"

#include <sys/random.h>

enum {
    VALUES = 20000,
    BLOCKS = 400,
    MAPPINGS = 500
};

static uintptr_t live[BLOCKS], freed[BLOCKS];
static struct {
    uintptr_t start, end;
} mappings[MAPPINGS];
static size_t mapping_count;

static inline void fail(const void *pointer, const char *what)
{
    printf("%s %p\n", what, pointer);
    fflush(stdout);
    _exit(3);
}

static inline uint64_t random_value(void)
{
    uint64_t value;
    if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value)
        _exit(3);
    return value;
}

static inline void make_blocks(void)
{
    static const size_t sizes[] = {0, 1, 24, 100, 1000, 5000, 20000, 100000, 131073, 3000000};
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = sizes[i % (sizeof sizes / sizeof sizes[0])];
        live[i] = (uintptr_t)must(malloc(size));
        freed[i] = (uintptr_t)must(malloc(size));
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free((void *)freed[i]);
}

/* All that is mapped, the allocator's own data too. Read without stdio, whose buffer would be a block. */
static inline void read_mappings(void)
{
    static char text[1 << 20];
    size_t length = 0;
    int maps = open("/proc/self/maps", O_RDONLY);
    for (ssize_t got = 1; got > 0 && length < sizeof text - 1; length += (size_t)got)
        if ((got = read(maps, text + length, sizeof text - 1 - length)) < 0)
            _exit(3);
    close(maps);
    for (char *line = text; *line != '\0' && mapping_count < MAPPINGS; mapping_count++) {
        char *at = line;
        mappings[mapping_count].start = strtoul(at, &at, 16);
        mappings[mapping_count].end = strtoul(at + 1, &at, 16);
        line = strchr(at, '\n');
        if (line++ == NULL)
            break;
    }
}

static inline uintptr_t near(uintptr_t place, uint64_t choice, uintptr_t reach)
{
    return place + choice % (2 * reach) - reach;
}

static inline uintptr_t any_value(size_t round)
{
    uint64_t choice = random_value(), other = random_value();
    uintptr_t block = live[other % BLOCKS];
    const void *stack = &choice;
    switch (round % 14) {
    case 0:
        return choice;
    case 1: /* what a process can have */
        return choice >> 17;
    case 2: /* page starts, among them those of mappings */
        return choice >> 17 & ~(uintptr_t)4095;
    case 3: /* the kernel's half */
        return choice | (uintptr_t)1 << 63;
    case 4: /* where the canonical addresses end */
        return near((uintptr_t)1 << 47, choice, 4096);
    case 5:
        return choice % 65536;
    case 6:
        return near(block, choice, 4096);
    case 7:
        return near(block, choice, (uintptr_t)1 << 30) & ~(uintptr_t)15;
    case 8: /* what all blocks have in common, and any rest */
        return (block & ~(((uintptr_t)1 << 38) - 1)) | (choice & (((uintptr_t)1 << 38) - 1));
    case 9:
        return freed[choice % BLOCKS];
    case 10:
        return freed[choice % BLOCKS] + (other >> 32) % 4096;
    case 11:
        return near((uintptr_t)stack, choice, 65536);
    default: {
        size_t i = choice % mapping_count;
        return mappings[i].start + (other >> 16) % (mappings[i].end - mappings[i].start);
    }
    }
}

static inline bool is_a_block(uintptr_t value)
{
    if (value == 0)
        return true;
    for (size_t i = 0; i < BLOCKS; i++)
        if (value == live[i])
            return true;
    return false;
}

static inline void for_many_values(void (*release)(void *pointer))
{
    make_blocks();
    read_mappings();
    for (size_t round = 0; round < VALUES; round++) {
        uintptr_t value = any_value(round);
        if (is_a_block(value))
            continue;
        size_t before = reports_so_far();
        release(opaque((void *)value));
        if (reports_so_far() != before + 1)
            fail((void *)value, reports_so_far() == before ? "no report for" : "more than one report for");
    }
}

#endif
