/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * No function of the allocator is a cancellation point (POSIX.1-2017, XSH 2.9.5.2): a thread that is to be
 * cancelled goes on until it comes to one. `cancelled heap`: while it makes the heap grow, in memory that was
 * locked meanwhile. `cancelled report`: while it is reported for a double free; to be run with on-error=log.
 */
#include "hang.h"
#include "shelf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

static atomic_bool cancelled, came_through;

static void wait_to_be_cancelled(void)
{
    while (!atomic_load(&cancelled))
        ;
}

static void *grow_heap(void *unused)
{
    wait_to_be_cancelled();
    for (size_t size = 16; size < MIB; size += size / 2) {
        void *blocks[50];
        for (size_t i = 0; i < COUNT(blocks); i++)
            blocks[i] = malloc(size);
        for (size_t i = 0; i < COUNT(blocks); i++)
            free(blocks[i]);
    }
    malloc_trim(0);
    atomic_store(&came_through, true);
    pthread_testcancel();
    return unused;
}

static void *free_twice(void *unused)
{
    void *block = malloc(100);
    wait_to_be_cancelled();
    free(block);
    free(opaque(block));
    atomic_store(&came_through, true);
    pthread_testcancel();
    return unused;
}

int main(int argc, char **argv)
{
    bool report = argc > 1 && strcmp(argv[1], "report") == 0;
    pthread_t thread;
    void *result = NULL;
    end_if_it_hangs(); /* what a cancelled thread held, nobody gives back */
    if (pthread_create(&thread, NULL, report ? free_twice : grow_heap, NULL) != 0)
        return 2;
    pthread_cancel(thread);
    if (!report && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        perror("mlockall");
        return 2;
    }
    atomic_store(&cancelled, true);
    pthread_join(thread, &result);
    bool came = atomic_load(&came_through);
    if (!came)
        puts("the thread was cancelled inside the allocator");
    if (result != PTHREAD_CANCELED)
        puts("the thread was not cancelled at all");
    fflush(stdout);
    (report ? free_twice : grow_heap)(NULL);
    return came && result == PTHREAD_CANCELED ? 0 : 1;
}
