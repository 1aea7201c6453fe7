/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For cases that damage the allocator's own data, as an attacker would who can write anywhere and knows
 * where: it is the first large mapping above the blocks. Which of it is what the case wants is told by what
 * changes when it calls the allocator.
 */
#ifndef METADATA_H
#define METADATA_H

#include "misuse.h"

static char *metadata;
static char *metadata_before;
static size_t metadata_bytes;

/* Guard pages within read as zero: a system call says whether a page can be read, in an emulator too. */
static inline void metadata_copy(char *to)
{
    static int ends[2];
    if (ends[1] == 0 && pipe(ends) != 0)
        _exit(3);
    for (size_t at = 0; at < metadata_bytes; at += 4096) {
        if (write(ends[1], metadata + at, 4096) != 4096 || read(ends[0], to + at, 4096) != 4096)
            memset(to + at, 0, 4096);
    }
}

/* Find it, and remember how it is now. */
static inline void metadata_remember(void)
{
    static char *block;
    unsigned long from, to;
    char line[512], permissions[8];
    if (!block)
        block = must(malloc(100));
    unsigned long above = (unsigned long)block << 8 >> 8; /* an address can have a tag in its first byte */
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        _exit(3);
    bool found = metadata != NULL;
    while (!found && fgets(line, sizeof line, maps)) {
        unsigned long inode = 1;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &from, &to, permissions, &inode) != 4 || inode != 0)
            continue;
        /* Where guards are mappings, and in emulators, which join no neighbours, it is in several pieces. */
        bool next = metadata && from == (unsigned long)metadata + metadata_bytes;
        if (!metadata && strcmp(permissions, "rw-p") == 0 && from > above && to - from > 1 << 20)
            metadata = (char *)from;
        else if (!next)
            continue;
        if (metadata)
            metadata_bytes = to - (unsigned long)metadata;
    }
    fclose(maps);
    if (!metadata)
        _exit(3);
    if (!metadata_before)
        metadata_before =
            mmap(NULL, 2 * metadata_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (metadata_before == MAP_FAILED)
        _exit(3);
    metadata_copy(metadata_before);
}

/* The first or last word of that many bytes which has changed since, and which the case recognises. */
static inline void *metadata_changed_from(bool last, size_t width,
                                          bool (*is_it)(uint64_t before, uint64_t after))
{
    char *now = metadata_before + metadata_bytes;
    metadata_copy(now);
    for (size_t i = 0; i < metadata_bytes; i += width) {
        size_t at = last ? metadata_bytes - width - i : i;
        uint64_t before = 0, after = 0;
        memcpy(&before, metadata_before + at, width);
        memcpy(&after, now + at, width);
        if (before != after && is_it(before, after))
            return metadata + at;
    }
    fputs("nothing in the allocator's data changed as expected\n", stderr);
    _exit(3);
}

static inline void *metadata_changed(size_t width, bool (*is_it)(uint64_t before, uint64_t after))
{
    return metadata_changed_from(false, width, is_it);
}

static inline bool metadata_is_resized(uint64_t before, uint64_t after)
{
    return before >> 15 == 1 && after + 1 == before;
}

/* The state word of a block, which must be of 100 bytes and is of 101 then. */
static inline uint16_t *metadata_state_of(char **block)
{
    metadata_remember();
    *block = must(realloc(*block, 101));
    return metadata_changed(sizeof(uint16_t), metadata_is_resized);
}

#endif
