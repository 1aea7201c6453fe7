/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads that allocate, resize and free large blocks. Resizing moves their pages, and the address space that
 * they leave is somebody else's block a moment later.
 */
#include "shelf.h"

#include <pthread.h>

enum {
    THREADS = 4,
    ROUNDS = 15000,
    HELD = 8
};

/* Only the ends of each block are looked at: this is about which block is where. */
static void mark(char *block, size_t size, size_t round)
{
    block[0] = (char)round;
    block[size - 1] = (char)~round;
}

static size_t is_marked(const char *block, size_t size, size_t round)
{
    return block[0] == (char)round && block[size - 1] == (char)~round;
}

static void *move_blocks(void *unused)
{
    size_t wrong = 0;
    (void)unused;
    for (size_t i = 0; i < ROUNDS; i++) {
        char *block = malloc(200000);
        mark(block, 200000, i);
        block = realloc(block, 420000);
        wrong += block[0] != (char)i || block[199999] != (char)~i;
        mark(block, 420000, i);
        block = realloc(block, 150000 + i % 100000);
        wrong += block[0] != (char)i;
        free(block);
    }
    return (void *)wrong;
}

static void *exchange_blocks(void *unused)
{
    char *blocks[HELD] = {NULL};
    size_t wrong = 0;
    (void)unused;
    for (size_t i = 0; i / 2 < ROUNDS; i++) {
        if (blocks[i % HELD])
            wrong += !is_marked(blocks[i % HELD], 200000, i - HELD);
        free(blocks[i % HELD]);
        blocks[i % HELD] = malloc(200000);
        mark(blocks[i % HELD], 200000, i);
    }
    for (size_t i = 0; i < HELD; i++)
        free(blocks[i]);
    return (void *)wrong;
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t wrong = 0;
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, i % 2 ? exchange_blocks : move_blocks, NULL) != 0)
            return 2;
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        wrong += (size_t)failed;
    }
    wrong += heap_problems();
    if (wrong != 0)
        printf("%zu things were wrong\n", wrong);
    return wrong == 0 ? 0 : 1;
}
