/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pairs SIZE: frees a block of that size and allocates another, again and again, with 100 of them alive. What
 * pairs() executes is counted from outside, once all that happens at first has happened.
 */
#include <stdio.h>
#include <stdlib.h>

#define ALIVE 100

static void *alive[ALIVE];

__attribute__((noinline)) void pairs(size_t size, size_t count);

void pairs(size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(alive[i % ALIVE]);
        alive[i % ALIVE] = malloc(size);
    }
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (size == 0) {
        fputs("usage: pairs SIZE\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < 4000; i++) {
        free(alive[i % ALIVE]);
        alive[i % ALIVE] = malloc(size);
    }
    pairs(size, 4000);
    for (size_t i = 0; i < ALIVE; i++)
        free(alive[i]);
    return 0;
}
