/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blocks aligned to cache lines and, now and then, to pages. */
#include "workload.h"

int main(void)
{
    enum {
        ALIVE = 1000
    };
    static void *alive[ALIVE];
    uint64_t random = 10;
    for (size_t i = 0; i < 1500000; i++) {
        size_t slot = next_random(&random) % ALIVE;
        size_t size = 32 + next_random(&random) % 500;
        size_t alignment = i % 100 == 0 ? 4096 : (size_t)32 << next_random(&random) % 3;
        free(alive[slot]);
        if (posix_memalign(&alive[slot], alignment, size) != 0)
            _exit(3);
        touch(alive[slot], size);
    }
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    return 0;
}
