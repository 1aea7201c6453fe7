/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * guard-pages: pages that belong to a mapping and still cannot be read, among the slots of a class and on
 * both sides of a large block. A gap between mappings is none: whatever is mapped next may fill it.
 */
#include "observe.h"

static int pipe_ends[2];

static uintptr_t page_of(const void *address)
{
    return (uintptr_t)address & ~(uintptr_t)4095;
}

/* The kernel reads the byte for us, and says EFAULT where we would get SIGSEGV. */
static bool readable(uintptr_t page)
{
    char byte;
    if (write(pipe_ends[1], (const void *)page, 1) != 1)
        return false;
    return read(pipe_ends[0], &byte, 1) == 1;
}

static bool mapped(uintptr_t page)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    bool found = false;
    if (maps == NULL)
        _exit(2);
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start = 0, end = 0;
        if (sscanf(line, "%lx-%lx", &start, &end) == 2)
            found = start <= page && page < end;
    }
    fclose(maps);
    return found;
}

static bool guarded(uintptr_t page)
{
    return !readable(page) && mapped(page);
}

static bool large_blocks_are_guarded(void)
{
    for (size_t size = 300000; size < 5000000; size = size * 3 / 2) {
        char *block = must(malloc(size));
        block[0] = 1;
        block[size - 1] = 1;
        if (!guarded(page_of(block) - 4096) || !guarded(page_of(block + size - 1) + 4096))
            return false;
    }
    return true;
}

/* The blocks are many, so that they span many guards, and small, so that a page holds several. */
static bool slots_are_guarded(void)
{
    enum {
        BLOCKS = 20000
    };
    uintptr_t lowest = UINTPTR_MAX, highest = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        char *block = must(malloc(500));
        block[0] = 1;
        lowest = page_of(block) < lowest ? page_of(block) : lowest;
        highest = page_of(block) > highest ? page_of(block) : highest;
    }
    for (uintptr_t page = lowest; page < highest; page += 4096) {
        if (guarded(page))
            return true;
    }
    return false;
}

static bool observed(void)
{
    if (pipe(pipe_ends) != 0)
        _exit(2);
    bool large = large_blocks_are_guarded();
    bool slots = slots_are_guarded();
    if (large != slots) {
        fprintf(stderr, "guard pages %s, %s\n", large ? "around large blocks" : "not around large blocks",
                slots ? "among slots" : "not among slots");
        _exit(2);
    }
    return large;
}
