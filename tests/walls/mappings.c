/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that has nearly all the mappings that vm.max_map_count allows it. The argument says how many are
 * left. The limit holds for the whole machine, so instead of lowering it for everybody the program uses up
 * what is above.
 */
#include "shelf.h"

#include <sys/mman.h>

enum {
    PLACES = 500,
    CALLS = 20000,
    LARGEST = 2000000
};

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};
static char *hoard;
static size_t hoarded;

/* Every other page gets a protection of its own, until the kernel gives no more mappings; then `left` are
 * given back. */
static bool use_up_mappings(size_t left)
{
    size_t page = (size_t)getpagesize(), most = (size_t)8 << 20;
    hoard = mmap(NULL, most * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (hoard == MAP_FAILED)
        return false;
    while (hoarded + 2 < most && mprotect(hoard + (hoarded + 1) * page, page, PROT_READ) == 0)
        hoarded += 2;
    if (errno != ENOMEM)
        return false;
    for (size_t i = 0; i < left && hoarded != 0; i += 2, hoarded -= 2)
        mprotect(hoard + (hoarded - 1) * page, page, PROT_NONE);
    return hoarded != 0;
}

static void use(uint64_t random)
{
    for (size_t i = 0; i < CALLS; i++)
        shelf_random_call(&shelf, &random, LARGEST);
}

int main(int argc, char **argv)
{
    size_t left = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (!use_up_mappings(left)) {
        perror("cannot use up the mappings");
        return 2;
    }
    use(1);
    malloc_trim(0);
    use(2);
    shelf_release_all(&shelf);
    printf("with %zu mappings left, %zu of %d calls were refused\n", left, shelf.refused, 2 * CALLS);
    /* A thousand are enough for whoever economises with them. */
    if (left >= 1000 && shelf.refused != 0)
        shelf.wrong++;

    munmap(hoard, (hoarded + 2) * (size_t)getpagesize());
    shelf.refused = 0;
    use(3);
    shelf_release_all(&shelf);
    if (shelf.refused != 0)
        printf("%zu calls were refused with all mappings back\n", shelf.refused);
    size_t problems = heap_problems();
    if (shelf.wrong != 0 || problems != 0)
        printf("%zu things were wrong, %zu in the heap itself\n", shelf.wrong, problems);
    return shelf.wrong == 0 && problems == 0 && shelf.refused == 0 ? 0 : 1;
}
