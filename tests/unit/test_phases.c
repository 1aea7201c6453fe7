/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programs that build something up, tear it down, and do so again. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_a_phase_serves_the_next),
        cmocka_unit_test(memory_of_a_phase_goes_back_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
