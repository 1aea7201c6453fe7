/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that never holds more than 32 MiB, in a memory cgroup with not much more: what it has freed must
 * serve what it allocates next, or go back. The argument says how it goes about it: `sizes` has all of it in
 * blocks of one size, and then in others; with `threads` one thread after the other has its share, frees it,
 * and stays.
 */
#include "blocks.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LIVE = 32 << 20,
    THREADS = 8
};

struct chain {
    struct chain *next;
};

/* Returns whether all of it could be had. */
static bool hold_and_release(size_t bytes, size_t size)
{
    struct chain *chain = NULL;
    bool enough = true;
    for (size_t held = 0; held < bytes && enough; held += size) {
        struct chain *block = malloc(size);
        enough = block != NULL;
        if (enough) {
            memset(block, 'x', size);
            block->next = chain;
            chain = block;
        }
    }
    while (chain) {
        struct chain *next = chain->next;
        free(chain);
        chain = next;
    }
    return enough;
}

static pthread_barrier_t turn[THREADS], end;

static void *take_turn(void *number)
{
    size_t nth = (size_t)number;
    pthread_barrier_wait(&turn[nth]);
    bool enough = hold_and_release(LIVE / 2, 3000);
    pthread_barrier_wait(&turn[nth]);
    pthread_barrier_wait(&end);
    return enough ? NULL : number;
}

static bool all_threads(void)
{
    pthread_t threads[THREADS];
    bool enough = true;
    pthread_barrier_init(&end, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_barrier_init(&turn[i], NULL, 2);
        if (pthread_create(&threads[i], NULL, take_turn, (void *)i) != 0)
            return false;
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_barrier_wait(&turn[i]);
        pthread_barrier_wait(&turn[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        enough = enough && failed == NULL;
    }
    return enough;
}

static bool all_sizes(void)
{
    static const size_t sizes[] = {40, 100, 300, 1000, 3000, 5000, 20000, 60000, 120000, 300000, 3000000};
    bool enough = true;
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT(sizes); i++)
            enough = hold_and_release(LIVE, sizes[i]) && enough;
    return enough;
}

int main(int argc, char **argv)
{
    bool enough = argc > 1 && strcmp(argv[1], "threads") == 0 ? all_threads() : all_sizes();
    if (!enough)
        puts("a block was refused");
    return enough ? 0 : 1;
}
