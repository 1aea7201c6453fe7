/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The number of slots in a depot is made larger than it can be, as if to have a slot handed out whose number
 * lies somewhere behind it.
 *
 * expect: metadata-corruption
 * sizes: 16 20 24
 */
#include "metadata.h"

enum {
    BLOCKS = 24000 /* half of them are more than any quarantine has, and fewer than a depot */
};

static void *blocks[BLOCKS];

static void release(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        free(blocks[i]);
}

/* Half a magazine's come when that runs over. What stands behind the count are places that were empty. */
static bool is_counted(uint64_t before, uint64_t after)
{
    return before >= 1024 && after > before && after <= before + 64;
}

static void change_count(size_t bit)
{
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(24));
    release(0, BLOCKS / 2);
    metadata_remember();
    release(BLOCKS / 2, BLOCKS / 2 + 64);
    uint32_t *count = metadata_changed_from(true, sizeof *count, is_counted);
    *(volatile uint32_t *)count = *count ^ 1u << bit;
    for (size_t i = 0; i < BLOCKS / 2; i++)
        blocks[i] = must(malloc(24));
}

static void bad(size_t size)
{
    change_count(size);
}

static void good(size_t size)
{
    (void)size;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(24));
    release(0, BLOCKS);
}
