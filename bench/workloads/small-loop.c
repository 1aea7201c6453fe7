/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blocks of a handful of small sizes, a few dozen alive, freed soon: interpreters and symbolic arithmetic. */
#include "workload.h"

int main(void)
{
    void *alive[64] = {NULL};
    uint64_t random = 1;
    for (size_t i = 0; i < 10000000; i++) {
        uint64_t r = next_random(&random);
        size_t slot = r % 64;
        size_t size = 16 + (r >> 32) % 7 * 16;
        free(alive[slot]);
        alive[slot] = must(malloc(size));
        *(size_t *)alive[slot] = i;
    }
    for (size_t i = 0; i < 64; i++)
        free(alive[i]);
    return 0;
}
