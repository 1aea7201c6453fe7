/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zero-on-free: what malloc hands out holds nothing of an earlier owner: it is zero. */
#include "observe.h"

static bool every_block_is_zero(size_t size)
{
    void *held[64] = {NULL};
    for (size_t round = 0; round < 20000; round++) {
        size_t i = round % 64;
        unsigned char *block = must(malloc(size));
        for (size_t j = 0; j < size; j++) {
            if (block[j] != 0)
                return false;
        }
        memset(block, 'S', size);
        free(held[i]);
        held[i] = block;
    }
    for (size_t i = 0; i < 64; i++)
        free(held[i]);
    return true;
}

static bool observed(void)
{
    static const size_t sizes[] = {1, 24, 40, 100, 500, 3000};
    size_t count = sizeof sizes / sizeof sizes[0];
    size_t zero = 0;
    for (size_t i = 0; i < count; i++)
        zero += every_block_is_zero(sizes[i]);
    if (zero != 0 && zero != count) {
        fprintf(stderr, "%zu of %zu sizes are zero when handed out\n", zero, count);
        _exit(2);
    }
    return zero != 0;
}
