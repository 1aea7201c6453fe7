/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A live block is recorded as something else.
 *
 * expect: metadata-corruption
 * sizes: 15
 */
#include "metadata.h"

static void change_state(size_t bit)
{
    char *block = must(malloc(100));
    uint16_t *state = metadata_state_of(&block);
    *(volatile uint16_t *)state = (uint16_t)(*state ^ 1u << bit);
    free(block);
}

static void bad(size_t size)
{
    change_state(size);
}

static void good(size_t size)
{
    (void)size;
    free(must(realloc(must(malloc(100)), 101)));
}
