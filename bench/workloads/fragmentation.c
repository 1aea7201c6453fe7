/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waves of blocks of growing size, of each of which every eighth survives: what peak memory shows. */
#include "workload.h"

int main(void)
{
    enum {
        BLOCKS = 40000,
        WAVES = 20
    };
    static void *survivors[WAVES][BLOCKS / 8];
    static void *wave[BLOCKS];
    uint64_t random = 12;
    for (size_t w = 0; w < WAVES; w++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = 24 + w * 20 + next_random(&random) % 64;
            wave[i] = must(malloc(size));
            memset(wave[i], 1, size);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            if (i % 8 == 0)
                survivors[w][i / 8] = wave[i];
            else
                free(wave[i]);
        }
    }
    for (size_t w = 0; w < WAVES; w++) {
        for (size_t i = 0; i < BLOCKS / 8; i++)
            free(survivors[w][i]);
    }
    return 0;
}
