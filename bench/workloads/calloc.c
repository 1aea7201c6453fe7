/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zeroed objects of 16 to 1000 bytes and some tables of 64 KiB. */
#include "workload.h"

int main(void)
{
    enum {
        ALIVE = 2000
    };
    static void *alive[ALIVE];
    uint64_t random = 9;
    for (size_t i = 0; i < 3000000; i++) {
        size_t slot = next_random(&random) % ALIVE;
        size_t size = i % 1000 == 0 ? 65536 : 16 + next_random(&random) % 300;
        free(alive[slot]);
        alive[slot] = must(calloc(1, size));
        *(size_t *)alive[slot] = i;
    }
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    return 0;
}
