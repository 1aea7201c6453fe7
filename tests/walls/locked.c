/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Locked memory: the kernel refuses to take pages back, and some ways of making them inaccessible. What comes
 * out of the heap must be zero all the same where that is promised. The argument says how memory is locked.
 */
#include "hasty-clock.h"
#include "shelf.h"

#include <sys/mman.h>
#include <sys/resource.h>

enum {
    PLACES = 400,
    ROUNDS = 4
};

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};

/* Blocks of one size: all of them zero, then full, then freed; and again. */
static void cycle(size_t size, size_t blocks, size_t lock_every)
{
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < blocks; i++) {
            shelf_allocate(&shelf, i, SHELF_CALLOC, 8, size);
            if (lock_every != 0 && i % lock_every == 0 && shelf.places[i].block)
                mlock(shelf.places[i].block, size);
        }
        for (size_t i = 0; i < blocks; i++)
            shelf_resize(&shelf, i, size / 2 + 1);
        for (size_t i = 0; i < blocks; i++)
            shelf_resize(&shelf, i, size);
        shelf_release_all(&shelf);
        if (round % 2 == 1)
            malloc_trim(0);
    }
}

static bool lock(const char *how)
{
    if (strcmp(how, "all") == 0)
        return mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
    if (strcmp(how, "future") == 0)
        return mlockall(MCL_FUTURE) == 0;
    if (strcmp(how, "on-fault") == 0)
        return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
    if (strcmp(how, "within-a-limit") == 0) {
        /* Root may lock any amount. */
        struct rlimit limit = {4 * MIB, 4 * MIB};
        return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && (geteuid() != 0 || setuid(65534) == 0) &&
               mlockall(MCL_FUTURE) == 0;
    }
    return strcmp(how, "each-block") == 0 || strcmp(how, "some-blocks") == 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "all";
    free(malloc(100)); /* the allocator has met unlocked memory first */
    if (!lock(how)) {
        perror(how);
        return 2;
    }
    bool scarce = strcmp(how, "within-a-limit") == 0;
    size_t lock_every = strcmp(how, "each-block") == 0 ? 1 : strcmp(how, "some-blocks") == 0 ? 7 : 0;
    static const size_t sizes[] = {100, 5000, 20000, 60000, 128 * KIB, 200000, 700000};
    for (size_t i = 0; i < COUNT(sizes); i++)
        cycle(sizes[i], sizes[i] < 10000 ? PLACES : PLACES / 20, lock_every);
    cycle(5 * MIB, 8, lock_every);
    uint64_t random = 11;
    for (size_t i = 0; i < 5000; i++)
        shelf_random_call(&shelf, &random, 300000);
    shelf_release_all(&shelf);
    size_t problems = heap_problems();
    if (shelf.wrong != 0 || problems != 0)
        printf("%zu things were wrong, %zu in the heap itself\n", shelf.wrong, problems);
    if (shelf.refused != 0)
        printf("%zu calls were refused\n", shelf.refused);
    return shelf.wrong == 0 && problems == 0 && (scarce ? shelf.refused != 0 : shelf.refused == 0) ? 0 : 1;
}
