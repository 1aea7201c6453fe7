/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What any program does with its heap, on its main thread, on threads with stacks of 64 KiB and in a forked
 * child. It is run inside every wall; with the argument `scarce` it may be told that there is no memory, but
 * nothing may go wrong.
 */
#include "shelf.h"

#include <pthread.h>
#include <sys/wait.h>

enum {
    THREADS = 4,
    PLACES = 200,
    CALLS = 8000,
    LARGEST = 400000
};

static struct shelf_place places[THREADS + 1][PLACES];
static struct shelf shelves[THREADS + 1];

static void use_shelf(struct shelf *shelf, uint64_t random)
{
    for (size_t i = 0; i < CALLS; i++)
        shelf_random_call(shelf, &random, LARGEST);
    shelf_release_all(shelf);
}

static void *use_on_thread(void *shelf)
{
    use_shelf(shelf, (uint64_t)((struct shelf *)shelf - shelves) + 1);
    return NULL;
}

/* Returns how many there were. */
static size_t use_on_threads(void)
{
    pthread_t threads[THREADS];
    pthread_attr_t small;
    size_t started = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * KIB);
    while (started < THREADS &&
           pthread_create(&threads[started], &small, use_on_thread, &shelves[started]) == 0)
        started++;
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&small);
    return started;
}

static size_t wrong(void)
{
    size_t sum = heap_problems();
    for (size_t i = 0; i <= THREADS; i++)
        sum += shelves[i].wrong;
    return sum;
}

static size_t refused(void)
{
    size_t sum = 0;
    for (size_t i = 0; i <= THREADS; i++)
        sum += shelves[i].refused;
    return sum;
}

static int use_in_child(bool scarce)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        use_shelf(&shelves[THREADS], 99);
        _exit(wrong() == 0 ? 0 : 1);
    }
    if (child < 0)
        return scarce ? 0 : -1;
    waitpid(child, &status, 0);
    return status;
}

int main(int argc, char **argv)
{
    bool scarce = argc > 1 && strcmp(argv[1], "scarce") == 0;
    for (size_t i = 0; i <= THREADS; i++)
        shelves[i] = (struct shelf){.places = places[i], .count = PLACES};

    use_shelf(&shelves[THREADS], 7);
    size_t started = use_on_threads();
    int child = use_in_child(scarce);
    if (child != 0)
        printf("the child's wait status is %#x\n", (unsigned)child);
    if (started != THREADS)
        printf("%zu of %d threads could be started\n", started, THREADS);
    if (refused() != 0)
        printf("%zu calls got no memory\n", refused());
    if (wrong() != 0)
        printf("%zu things were wrong\n", wrong());
    return wrong() == 0 && child == 0 && (scarce || (refused() == 0 && started == THREADS)) ? 0 : 1;
}
