/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Blocks go from the threads that allocate them to others that free them, by relaxed atomics alone: whatever
 * orders what the allocator does in one thread before what it does in the other must be its own.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BLOCKS = 20000,
    PAIRS = 2
};

static _Atomic(char *) handed_over[PAIRS][BLOCKS];

static void *allocate(void *pair)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        char *block = malloc(i % 50 == 0 ? 20000 : 40 + i % 160);
        if (!block)
            abort();
        atomic_store_explicit(&handed_over[(uintptr_t)pair][i], block, memory_order_release);
    }
    return NULL;
}

static void *release(void *pair)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        char *block;
        while (!(block = atomic_load_explicit(&handed_over[(uintptr_t)pair][i], memory_order_acquire)))
            continue;
        free(i % 7 == 0 ? realloc(block, 30000) : block);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2 * PAIRS];
    for (uintptr_t i = 0; i < (size_t)2 * PAIRS; i++)
        if (pthread_create(&threads[i], NULL, i % 2 ? release : allocate, (void *)(i / 2)) != 0)
            return 2;
    for (size_t i = 0; i < (size_t)2 * PAIRS; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return 0;
}
