/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A server's generations of threads: each takes over its predecessor's blocks, replaces them at random, and
 * ends. */
#include "workload.h"

enum {
    WORKERS = 4,
    GENERATIONS = 60,
    BLOCKS = 1000,
    STEPS = 20000
};

static void *blocks[WORKERS][BLOCKS];

static void *body(void *argument)
{
    size_t number = (size_t)argument;
    uint64_t random = number * 1000 + 6;
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = next_random(&random) % BLOCKS;
        size_t size = 10 + next_random(&random) % 490;
        free(blocks[number][i]);
        blocks[number][i] = must(malloc(size));
        touch(blocks[number][i], size);
    }
    return NULL;
}

int main(void)
{
    for (size_t i = 0; i < GENERATIONS; i++)
        run_threads(WORKERS, body);
    return 0;
}
