/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * 60 GB of small and large blocks, hardly touched, within the mappings that vm.max_map_count allows. A
 * database that maps its caches by malloc looks like this.
 */
#include "shelf.h"

enum {
    LARGE_BLOCKS = 24000,
    PAGED_BLOCKS = 80000,
    SMALL_BLOCKS = 200000
};

static char *large[LARGE_BLOCKS], *paged[PAGED_BLOCKS], *small[SMALL_BLOCKS];

/* Returns how many bytes, or 0 if there was no memory. */
static size_t fill_with(char **blocks, size_t count, size_t least, size_t most, uint64_t random)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = least + next_random(&random) % (most - least + 1);
        blocks[i] = malloc(size);
        if (!blocks[i]) {
            printf("no memory for block %zu of %zu, of %zu bytes\n", i, count, size);
            return 0;
        }
        memset(blocks[i], (int)(i % 251 + 1), 16);
        bytes += size;
    }
    return bytes;
}

static size_t wrong_in(char *const *blocks, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        char expected[16];
        memset(expected, (int)(i % 251 + 1), sizeof expected);
        wrong += memcmp(blocks[i], expected, sizeof expected) != 0;
    }
    return wrong;
}

int main(void)
{
    size_t bytes_large = fill_with(large, LARGE_BLOCKS, 200 * KIB, 4 * MIB, 3);
    size_t bytes_paged = fill_with(paged, PAGED_BLOCKS, 128 * KIB, 128 * KIB, 4);
    size_t bytes_small = fill_with(small, SMALL_BLOCKS, 16, 500, 5);
    printf("%zu MiB in large blocks, %zu in slots of pages, %zu in small slots\n", bytes_large / MIB,
           bytes_paged / MIB, bytes_small / MIB);
    if (bytes_large + bytes_paged < (size_t)60000 * 1000 * 1000 || bytes_small == 0)
        return 1;

    /* Holes, and other blocks in them. */
    for (size_t i = 0; i < LARGE_BLOCKS; i += 2)
        free(large[i]);
    for (size_t i = 0; i < LARGE_BLOCKS; i += 2) {
        large[i] = malloc(300 * KIB + i * 64);
        if (!large[i]) {
            printf("no memory for block %zu when half of them had been freed\n", i);
            return 1;
        }
        memset(large[i], (int)(i % 251 + 1), 16);
    }
    size_t wrong =
        wrong_in(large, LARGE_BLOCKS) + wrong_in(paged, PAGED_BLOCKS) + wrong_in(small, SMALL_BLOCKS);
    size_t problems = heap_problems();
    if (wrong != 0 || problems != 0)
        printf("%zu blocks changed, %zu problems in the heap\n", wrong, problems);
    return wrong == 0 && problems == 0 ? 0 : 1;
}
