/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The number of a freed block, where it waits to be handed out again, is made that of a slot far away, as if
 * to have a block handed out at an address of one's choice.
 *
 * expect: metadata-corruption
 * sizes: 24 26 28 31
 * needs: quarantine
 */
#include "metadata.h"

static bool is_entered(uint64_t before, uint64_t after)
{
    return before == 0 && after != 0 && after < 4096;
}

static void change_number(size_t bit)
{
    char *block = must(malloc(100));
    metadata_remember();
    free(block);
    uint32_t *number = metadata_changed(sizeof *number, is_entered);
    *(volatile uint32_t *)number = *number ^ 1u << bit;
    churn(100);
}

static void bad(size_t size)
{
    change_number(size);
}

static void good(size_t size)
{
    (void)size;
    free(must(malloc(100)));
    churn(100);
}
