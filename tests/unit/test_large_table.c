/* links: malloc/large_table.o */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The table of large blocks where two threads are at work on it at once although they take turns, as they may
 * be (turn.h). Here there are no turns, and the other thread comes while the first one asks for memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "large_table.h"
#include "metadata.h"
#include "turn.h"

#define BLOCKS 1500 /* several levels */

static size_t entered;
static bool interrupted;

void turn_take(struct turn *turn)
{
    (void)turn;
}

void turn_give_back(struct turn *turn)
{
    (void)turn;
}

static char *block_number(size_t number)
{
    return (char *)((number + 1) * MIB);
}

static void enter(size_t blocks)
{
    for (size_t i = 0; i < blocks; i++) {
        struct large large = {.block = block_number(entered), .size = entered};
        entered++;
        assert_true(large_table_insert(&large, LARGE_LIVE));
    }
}

void *metadata_allocate(size_t bytes, size_t alignment)
{
    /* What was there before one level was full is little against what the others hold. */
    if (entered > 0 && !interrupted) {
        interrupted = true;
        enter(BLOCKS / 2);
        interrupted = false;
    }
    void *memory = aligned_alloc(alignment, bytes + (alignment - bytes % alignment) % alignment);
    return memory ? memset(memory, 0, bytes) : NULL;
}

static void blocks_entered_while_a_level_is_added_are_found(void **state)
{
    (void)state;
    enter(BLOCKS);
    for (size_t i = 0; i < entered; i++) {
        struct large copy;
        assert_true(large_table_look(block_number(i), LARGE_LIVE, &copy));
        assert_int_equal(copy.size, i);
    }
}

static void every_block_is_there_once(void **state)
{
    (void)state;
    size_t at = 0, count = 0;
    struct large copy;
    enum large_state found;
    while (large_table_next(&at, &copy, &found))
        count++;
    assert_int_equal(count, entered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_entered_while_a_level_is_added_are_found),
        cmocka_unit_test(every_block_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
