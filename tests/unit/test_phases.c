/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programs that build something up, tear it down, and do so again. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum {
    BLOCKS = 30000,
    PHASES = 6
};

static uint64_t *blocks[BLOCKS];

/* Each block is somebody's only, and holds what its owner wrote until the end. */
static void build_up_and_tear_down(size_t size)
{
    for (uint64_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(size);
        assert_non_null(blocks[i]);
        *blocks[i] = i;
    }
    for (uint64_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(*blocks[i], i);
        free(blocks[i]);
    }
}

static void memory_of_a_phase_serves_the_next(void **state)
{
    (void)state;
    const size_t sizes[] = {24, 100, 500, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        build_up_and_tear_down(sizes[s]);
        build_up_and_tear_down(sizes[s]);
        size_t arena = mallinfo2().arena;
        for (int i = 2; i < PHASES; i++)
            build_up_and_tear_down(sizes[s]);
        assert_in_range(mallinfo2().arena, 0, arena + arena / 20);
    }
}

static void memory_of_a_phase_goes_back_when_asked_for(void **state)
{
    (void)state;
    build_up_and_tear_down(100);
    size_t before = mallinfo2().fordblks;
    assert_int_equal(malloc_trim(0), 1);
    assert_in_range(mallinfo2().fordblks, 0, before);
    build_up_and_tear_down(100);
}

static size_t resident_pages(void)
{
    size_t pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%*s %zu", &pages) != 1)
        pages = 0;
    if (statm)
        fclose(statm);
    return pages;
}

/* One block in sixteen lives on, so that no run is free as a whole, but most pages are. */
static void memory_between_blocks_goes_back(void **state)
{
    enum {
        SIZE = 2000
    };
    (void)state;
    if (emulated())
        skip_because("the emulator's pages are counted, too");
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = resident_pages();
    if (page != 4096)
        skip_because("a larger page has a live block more often than not");
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(SIZE);
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, SIZE);
    }
    size_t full = resident_pages() - before;
    assert_true(full >= (size_t)BLOCKS * SIZE / page);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % 16 != 0)
            free(blocks[i]);
    /* Of itself as soon as there is much of it; and when asked for, all but what a live block is on. */
    assert_in_range(resident_pages() - before, 0, full * 3 / 4);
    malloc_trim(0);
    assert_in_range(resident_pages() - before, 0, full / 4);
    for (size_t i = 0; i < BLOCKS; i += 16)
        free(blocks[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_a_phase_serves_the_next),
        cmocka_unit_test(memory_of_a_phase_goes_back_when_asked_for),
        cmocka_unit_test(memory_between_blocks_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
