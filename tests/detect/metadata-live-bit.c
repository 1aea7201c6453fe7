/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A live block is recorded as something else.
 *
 * expect: metadata-corruption
 * sizes: 15
 */
#include "metadata.h"

static void change_state(unsigned bits, size_t bit)
{
    char *block = must(malloc(100));
    uint16_t *state = metadata_state_of(&block);
    *(volatile uint16_t *)state = (uint16_t)(*state ^ bits << bit);
    free(block);
}

static void bad(size_t size)
{
    change_state(1, size);
}

static void good(size_t size)
{
    change_state(0, size);
}
