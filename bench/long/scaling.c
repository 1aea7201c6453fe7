/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * scaling: nanoseconds of processor time for one malloc and one free, as threads are added. Each thread
 * replaces blocks of its own, and every fourth block it leaves to the next thread, which frees it.
 */
#include "../workloads/workload.h"

#include <sys/resource.h>

enum {
    THREADS_MOST = 256,
    OWN = 256,
    HANDED = 64,
    PAIRS = 2000000 /* of all threads together */
};

static _Atomic(void *) handed[THREADS_MOST][HANDED];
static size_t threads;

static void *body(void *argument)
{
    size_t number = (size_t)argument;
    uint64_t random = number + 9;
    void **own = must(calloc(OWN, sizeof *own));
    for (size_t i = 0; i < PAIRS / threads; i++) {
        size_t size = skewed_size(&random, 9);
        void *block = must(malloc(size));
        touch(block, size);
        if (i % 4 == 0) {
            free(atomic_exchange(&handed[(number + 1) % threads][i / 4 % HANDED], block));
        } else {
            free(own[i % OWN]);
            own[i % OWN] = block;
        }
    }
    for (size_t i = 0; i < OWN; i++)
        free(own[i]);
    free(own);
    return NULL;
}

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(void)
{
    for (threads = 1; threads <= THREADS_MOST; threads *= 4) {
        pthread_t started[THREADS_MOST];
        double before = processor_seconds();
        for (size_t i = 0; i < threads; i++) {
            if (pthread_create(&started[i], NULL, body, (void *)i) != 0)
                _exit(3);
        }
        for (size_t i = 0; i < threads; i++)
            pthread_join(started[i], NULL);
        printf("%zu %.1f\n", threads, (processor_seconds() - before) / PAIRS * 1e9);
        for (size_t i = 0; i < THREADS_MOST; i++) {
            for (size_t j = 0; j < HANDED; j++)
                free(atomic_exchange(&handed[i][j], NULL));
        }
    }
    return 0;
}
