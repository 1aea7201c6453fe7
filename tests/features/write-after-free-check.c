/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* write-after-free-check: a byte written to freed memory, wherever in it, is found before it is handed out
 * again. */
#include "observe.h"

static size_t size, offset;

static void write_after_free(void)
{
    char *block = must(malloc(size));
    void *held[32] = {NULL};
    free(block);
    block = opaque(block);
    block[offset] = (char)(block[offset] ^ 0x41);
    for (size_t round = 0; round < 100000; round++) {
        free(held[round % 32]);
        held[round % 32] = malloc(size);
    }
}

static bool observed(void)
{
    static const size_t sizes[] = {16, 40, 100, 500, 2000};
    size_t tried = 0, found = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size = sizes[i];
        for (size_t part = 0; part < 3; part++) {
            offset = part * (size - 1) / 2;
            tried++;
            found += aborts(write_after_free);
        }
    }
    if (found != 0 && found != tried) {
        fprintf(stderr, "%zu of %zu writes were found\n", found, tried);
        _exit(2);
    }
    return found != 0;
}
