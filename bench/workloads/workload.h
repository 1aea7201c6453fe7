/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the workloads share. Each is one program that does a fixed amount of work, always the same, in about a
 * quarter of a second with glibc; bench/run measures it from outside. Blocks are written to where a program
 * would, since memory that nobody touches costs an allocator nothing.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Sizes as programs ask for them: most are small, a few large; up to 2^bits bytes. */
static inline size_t skewed_size(uint64_t *state, unsigned bits)
{
    uint64_t random = next_random(state);
    unsigned width = 4 + (unsigned)(random & 0xff) * (unsigned)(random >> 8 & 0xff) * (bits - 3) / 65026;
    return (size_t)(next_random(state) & (((uint64_t)1 << width) - 1)) + 1;
}

static inline void *must(void *block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        _exit(3);
    }
    return block;
}

/* Write the first bytes of a block, as an object's constructor does. */
static inline void touch(void *block, size_t size)
{
    memset(block, (int)size, size < 64 ? size : 64);
}

static inline void run_threads(size_t count, void *(*body)(void *))
{
    pthread_t threads[64];
    for (size_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, body, (void *)i) != 0)
            _exit(3);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

#endif
