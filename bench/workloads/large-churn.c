/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blocks of 64 KiB to 32 MiB, a dozen alive, each written in part: image and audio buffers. */
#include "workload.h"

int main(void)
{
    enum {
        ALIVE = 12
    };
    static char *alive[ALIVE];
    uint64_t random = 11;
    for (size_t i = 0; i < 6000; i++) {
        size_t slot = next_random(&random) % ALIVE;
        unsigned bits =
            16 + (unsigned)(next_random(&random) % 10) * (unsigned)(next_random(&random) % 10) / 9;
        size_t size = ((size_t)1 << bits) + next_random(&random) % ((size_t)1 << (bits - 1));
        free(alive[slot]);
        alive[slot] = must(malloc(size));
        memset(alive[slot], 1, size < 65536 ? size : 65536);
        alive[slot][size - 1] = 1;
    }
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    return 0;
}
