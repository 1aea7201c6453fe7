/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A library whose constructor registers handlers for fork, and whose handlers allocate. Preloaded behind the
 * allocator, or needed by the program, it is initialised before the allocator, so that its handlers run
 * closest to the fork.
 *
 * Threads that fork at the same time run them at the same time: libc holds no lock meanwhile (2.36).
 */
#include <pthread.h>
#include <stdlib.h>

static void allocate(void)
{
    static __thread void *held[40];
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        free(held[i]);
        held[i] = malloc(i % 8 == 0 ? 300000 : i * 500);
    }
}

__attribute__((constructor)) static void register_handlers(void)
{
    pthread_atfork(allocate, allocate, allocate);
}
