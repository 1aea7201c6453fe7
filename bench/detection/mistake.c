/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mistake KIND SIZE: one mistake with a block of that size, and then some ordinary work. Whoever ends the
 * program has noticed; whoever lets it exit has not. `reuse` and `idle` print a number instead.
 */
#include "opaque.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHURN 8192
#define HELD  64
#define FIRST 256 /* some allocators give the first blocks of a process more protection than the rest */

static volatile char sink;

static char *allocate(size_t size)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed under a name that compilers do not know */
    char *block = opaque(malloc(size));
    if (!block)
        exit(2);
    memset(block, 'a', size);
    return block;
}

/* What a mistake leaves behind may be found when the memory is used again. */
static void go_on(size_t size)
{
    char *held[HELD] = {NULL};
    for (unsigned i = 0; i < CHURN; i++) {
        free(opaque(held[i % HELD]));
        held[i % HELD] = allocate(size);
    }
    for (unsigned i = 0; i < HELD; i++)
        free(opaque(held[i]));
}

static void begin(size_t size)
{
    char *first[FIRST];
    for (unsigned i = 0; i < FIRST; i++)
        first[i] = allocate(size);
    for (unsigned i = 0; i < FIRST; i++)
        free(opaque(first[i]));
}

static void free_others(size_t size)
{
    char *others[10];
    for (unsigned i = 0; i < 10; i++)
        others[i] = allocate(size);
    for (unsigned i = 0; i < 10; i++)
        free(opaque(others[i]));
}

static void print_reuse(volatile char *block, size_t size)
{
    unsigned calls = 0;
    volatile char *next;
    free(opaque(block));
    do {
        next = allocate(size);
        calls++;
        if (next != block)
            free(opaque(next));
    } while (next != block && calls < 100000);
    printf("%u\n", calls);
}

static void print_address_space(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmSize:", 7) == 0)
            printf("%s\n", strtok(line + 7, " \t"));
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const char *kind = argv[1];
    size_t size = strtoul(argv[2], NULL, 10);
    begin(size);
    char *others[3] = {allocate(size), allocate(size), NULL};
    volatile char *block = allocate(size);
    others[2] = allocate(size);

    if (strcmp(kind, "overflow") == 0) {
        block[size] = 'X';
        free(opaque(block));
    } else if (strcmp(kind, "write-after-free") == 0) {
        free(opaque(block));
        block[size / 2] = 'X';
    } else if (strcmp(kind, "read-overflow") == 0) {
        sink = block[size];
        free(opaque(block));
    } else if (strcmp(kind, "read-after-free") == 0) {
        free(opaque(block));
        sink = block[size / 2];
    } else if (strcmp(kind, "double-free") == 0) {
        free(opaque(block));
        free(opaque(block));
    } else if (strcmp(kind, "double-free-later") == 0) {
        free(opaque(block));
        free_others(size);
        free(opaque(block));
    } else if (strcmp(kind, "bad-free") == 0) {
        free(opaque(block + 16));
    } else if (strcmp(kind, "none") == 0) {
        free(opaque(block));
    } else if (strcmp(kind, "reuse") == 0) {
        print_reuse(block, size);
        return 0;
    } else if (strcmp(kind, "idle") == 0) {
        print_address_space();
        return 0;
    } else {
        return 2;
    }
    go_on(size);
    for (unsigned i = 0; i < 3; i++)
        free(opaque(others[i]));
    return 0;
}
