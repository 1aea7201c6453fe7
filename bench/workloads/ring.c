/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Four threads in a ring: each works on blocks, and hands every fourth one to the next, which frees it. */
#include "workload.h"

enum {
    THREADS = 4,
    SLOTS = 512,
    ROUNDS = 1200000,
    OWN = 256
};

static _Atomic(void *) handed_over[THREADS][SLOTS];

static void *body(void *argument)
{
    size_t number = (size_t)argument;
    uint64_t random = number + 5;
    void *own[OWN] = {NULL};
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t size = skewed_size(&random, 10);
        void *block = must(malloc(size));
        touch(block, size);
        if (i % 4 == 0) {
            free(atomic_exchange(&handed_over[(number + 1) % THREADS][i / 4 % SLOTS], block));
        } else {
            free(own[i % OWN]);
            own[i % OWN] = block;
        }
    }
    for (size_t i = 0; i < OWN; i++)
        free(own[i]);
    return NULL;
}

int main(void)
{
    run_threads(THREADS, body);
    for (size_t i = 0; i < THREADS; i++) {
        for (size_t j = 0; j < SLOTS; j++)
            free(handed_over[i][j]);
    }
    return 0;
}
