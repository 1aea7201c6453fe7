/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_table.h"

#include "constants.h"
#include "map.h"
#include "metadata.h"

#define TABLE_FIRST 256u
#define REMEMBERED  2048u

static struct large *table; /* open addressing, linear probing, at most half full */
static uint32_t table_size, table_used;

static const char *remembered[REMEMBERED]; /* blocks that were freed and have left the table */
static uint32_t remembered_at;

static uint32_t table_home(const char *block)
{
    return (uint32_t)(((uintptr_t)block / LARGE_ALIGNMENT * UINT64_C(0x9e3779b97f4a7c15)) >> 32) &
           (table_size - 1);
}

struct large *large_table_find(const char *block)
{
    if (table_size == 0)
        return NULL;
    for (uint32_t i = table_home(block); table[i].block; i = (i + 1) & (table_size - 1))
        if (table[i].block == block)
            return &table[i];
    return NULL;
}

static void table_put(const struct large *large)
{
    uint32_t i = table_home(large->block);
    while (table[i].block)
        i = (i + 1) & (table_size - 1);
    table[i] = *large;
}

/* Metadata cannot be taken back, but its pages can. */
static void discard_pages(void *start, size_t bytes)
{
    uintptr_t from = round_up((uintptr_t)start, constants.page_size);
    uintptr_t to = round_down((uintptr_t)start + bytes, constants.page_size);
    if (from < to)
        (void)map_discard((void *)from, to - from);
}

static bool table_make_room(void)
{
    if (table_used * 2 < table_size)
        return true;
    uint32_t size = table_size ? table_size * 2 : TABLE_FIRST;
    struct large *old = table, *fresh = metadata_allocate(size * sizeof *fresh, 64);
    if (!fresh)
        return false;
    uint32_t old_size = table_size;
    table = fresh;
    table_size = size;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].block)
            table_put(&old[i]);
    if (old)
        discard_pages(old, old_size * sizeof *old);
    return true;
}

bool large_table_insert(const struct large *large)
{
    if (!table_make_room())
        return false;
    table_put(large);
    table_used++;
    return true;
}

/* Entries behind the gap move up, so that probing needs no marks for removed ones. */
void large_table_remove(struct large *large)
{
    if (large->state == LARGE_FREED)
        remembered[remembered_at++ % REMEMBERED] = large->block;
    uint32_t gap = (uint32_t)(large - table);
    for (uint32_t i = (gap + 1) & (table_size - 1); table[i].block; i = (i + 1) & (table_size - 1)) {
        uint32_t home = table_home(table[i].block);
        if (((i - home) & (table_size - 1)) >= ((i - gap) & (table_size - 1))) {
            table[gap] = table[i];
            gap = i;
        }
    }
    table[gap] = (struct large){0};
    table_used--;
}

uint32_t large_table_size(void)
{
    return table_size;
}

struct large *large_table_at(uint32_t i)
{
    return table[i].block ? &table[i] : NULL;
}

bool large_table_remembers(const char *block)
{
    for (uint32_t i = 0; i < REMEMBERED; i++)
        if (remembered[i] == block)
            return true;
    return false;
}
