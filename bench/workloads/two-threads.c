/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two threads, each with skewed random sizes to 8 KiB and random lifetimes, sharing nothing. */
#include "workload.h"

enum {
    ALIVE = 4000
};

static void *body(void *argument)
{
    void **alive = must(calloc(ALIVE, sizeof *alive));
    uint64_t random = (uint64_t)(size_t)argument + 7;
    for (size_t i = 0; i < 2000000; i++) {
        size_t slot = next_random(&random) % ALIVE;
        size_t size = skewed_size(&random, 13);
        free(alive[slot]);
        alive[slot] = must(malloc(size));
        touch(alive[slot], size);
    }
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    free(alive);
    return NULL;
}

int main(void)
{
    run_threads(2, body);
    return 0;
}
