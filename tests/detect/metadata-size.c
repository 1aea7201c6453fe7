/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The recorded size of a live block is changed by any one bit: the canary is that of another size.
 *
 * expect: metadata-corruption
 * sizes: 0 1 2 3 6 7 10 13 14
 * needs: canaries
 */
#include "metadata.h"

static void change_size(size_t bit)
{
    char *block = must(malloc(100));
    uint16_t *state = metadata_state_of(&block);
    *(volatile uint16_t *)state = (uint16_t)(*state ^ 1u << bit);
    free(block);
}

static void bad(size_t size)
{
    change_size(size);
}

static void good(size_t size)
{
    (void)size;
    free(must(realloc(must(malloc(100)), 101)));
}
