/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Allocate many blocks, then free them all in the order of the argument: lifo, fifo or random. */
#include "workload.h"

enum {
    BLOCKS = 30000,
    ROUNDS = 110
};

static void *blocks[BLOCKS];
static uint32_t order[BLOCKS];

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    uint64_t random = 3;
    for (uint32_t i = 0; i < BLOCKS; i++)
        order[i] = strcmp(name, "lifo") == 0 ? BLOCKS - 1 - i : i;
    if (strcmp(name, "random") == 0) {
        for (uint32_t i = BLOCKS - 1; i > 0; i--) {
            uint32_t j = (uint32_t)(next_random(&random) % (i + 1));
            uint32_t swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = 16 + next_random(&random) % 240;
            blocks[i] = must(malloc(size));
            touch(blocks[i], size);
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[order[i]]);
    }
    return 0;
}
