/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Skewed random sizes to 16 KiB with random lifetimes, some ten thousand alive: a long-running
 * single-threaded server. */
#include "workload.h"

int main(void)
{
    enum {
        ALIVE = 10000
    };
    static void *alive[ALIVE];
    uint64_t random = 2;
    for (size_t i = 0; i < 4000000; i++) {
        size_t slot = next_random(&random) % ALIVE;
        size_t size = skewed_size(&random, 14);
        free(alive[slot]);
        alive[slot] = must(malloc(size));
        touch(alive[slot], size);
    }
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    return 0;
}
