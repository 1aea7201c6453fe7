/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads free the same blocks at the same moment.
 *
 * expect: double-free
 * sizes: 0 some 131072 200000
 */
#include "misuse.h"

enum {
    BLOCKS = 500
};
static void *blocks[BLOCKS];
static pthread_barrier_t start;

static void *free_all(void *from)
{
    pthread_barrier_wait(&start);
    for (size_t i = (size_t)from; i < BLOCKS; i++)
        free(opaque(blocks[i]));
    return NULL;
}

/* The second thread's own share begins at `from`: at BLOCKS it has none. */
static void race(size_t size, size_t from)
{
    pthread_t thread;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(size));
    pthread_barrier_init(&start, NULL, 2);
    if (pthread_create(&thread, NULL, free_all, (void *)from) != 0)
        _exit(3);
    free_all((void *)0);
    pthread_join(thread, NULL);
}

static void bad(size_t size)
{
    race(size, 0);
}

static void good(size_t size)
{
    race(size, BLOCKS);
}
