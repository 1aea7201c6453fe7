/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The state of a freed block is changed by any one bit: it is found before the block is handed out again.
 *
 * expect: metadata-corruption
 * sizes: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
 */
#include "metadata.h"

static void change_state(size_t bit)
{
    char *block = must(malloc(100));
    uint16_t *state = metadata_state_of(&block);
    free(block);
    *(volatile uint16_t *)state = (uint16_t)(*state ^ 1u << bit);
    churn(100);
}

static void bad(size_t size)
{
    change_state(size);
}

static void good(size_t size)
{
    (void)size;
    free(must(realloc(must(malloc(100)), 101)));
    churn(100);
}
