/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An index that was read from text, and of which only the sign is looked at.
 *
 * expect: heap-buffer-overflow
 * sizes: 1 10 60 250
 * needs: canaries
 */
#include "misuse.h"

static void count(size_t counters, const char *text)
{
    int index = atoi(text);
    volatile int *counter = must(calloc(counters, sizeof *counter));
    if (index >= 0)
        counter[index]++;
    free(opaque(counter));
}

static void count_number(size_t counters, size_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%zu\n", number);
    count(counters, text);
}

static void bad(size_t size)
{
    count_number(size, size);
}

static void good(size_t size)
{
    count_number(size, size - 1);
}
