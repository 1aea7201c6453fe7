/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * reuse SIZE: after how many calls of malloc, each followed by free, a freed address of this size came back
 * at the earliest.
 */
#include "opaque.h"

#include <stdio.h>
#include <stdlib.h>

#define BEFORE 20000 /* so that the quarantine is full */
#define TRIALS 400

static uintptr_t come_and_go(size_t size)
{
    void *block = malloc(size);
    uintptr_t address = (uintptr_t)opaque(block);
    free(block);
    return address;
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? strtoull(argv[1], NULL, 10) : 48, fewest = SIZE_MAX;
    for (size_t i = 0; i < BEFORE; i++)
        (void)come_and_go(size);
    for (size_t trial = 0; trial < TRIALS; trial++) {
        uintptr_t address = come_and_go(size);
        size_t calls = 1;
        while (come_and_go(size) != address)
            calls++;
        if (calls < fewest)
            fewest = calls;
    }
    printf("%zu\n", fewest);
    return 0;
}
