/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The process ends while other threads allocate and free: a damaged block that was never freed is found, and
 * what is on its way is not taken for damage.
 *
 * expect: heap-buffer-overflow
 * sizes: 24 100 1000
 * needs: canaries
 */
#include "misuse.h"

enum {
    THREADS = 3
};
static pthread_barrier_t running;

static void *work(void *argument)
{
    size_t size = (size_t)argument;
    char *held[64] = {NULL};
    pthread_barrier_wait(&running);
    for (size_t i = 0;; i = (i + 1) % 64) {
        free(held[i]);
        held[i] = must(malloc(size));
        memset(held[i], 'x', size);
    }
    return NULL;
}

static void exit_while_others_run(size_t size, ptrdiff_t offset)
{
    damage(must(malloc(size)), offset);
    pthread_barrier_init(&running, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, (void *)size) != 0)
            _exit(3);
    }
    pthread_barrier_wait(&running);
    usleep(2000);
    exit(0);
}

static void bad(size_t size)
{
    exit_while_others_run(size, (ptrdiff_t)size);
}

static void good(size_t size)
{
    exit_while_others_run(size, (ptrdiff_t)size - 1);
}
