/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A storm of forks from a program with threads, each child of which allocates, forks once more, and ends;
 * preloaded next to a library whose handlers for fork allocate (libforkhandlers.c). With `abort` as argument:
 * a handler of SIGABRT that allocates while the allocator is reporting what a look at the whole heap has
 * found.
 */
#include "hang.h"
#include "shelf.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum {
    THREADS = 4,
    FORKS = 25
};

static void use_heap(uint64_t random)
{
    struct shelf_place places[40] = {{0}};
    struct shelf shelf = {.places = places, .count = COUNT(places)};
    for (size_t i = 0; i < 300; i++)
        shelf_random_call(&shelf, &random, 400000);
    shelf_release_all(&shelf);
    if (shelf.wrong != 0)
        _exit(1);
}

static size_t forks_of_children(size_t depth)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        end_if_it_hangs();
        use_heap(depth + 1);
        _exit(depth == 0 ? 0 : (int)forks_of_children(depth - 1));
    }
    return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

static void *storm(void *number)
{
    size_t wrong = 0;
    for (size_t i = 0; i < FORKS; i++) {
        wrong += forks_of_children(1);
        use_heap((uint64_t)(uintptr_t)number);
    }
    return (void *)wrong;
}

static void on_abort(int signal)
{
    (void)signal;
    free(opaque(malloc(500000)));
    free(opaque(realloc(malloc(200000), 900000)));
    _exit(0);
}

static int allocate_in_handler_of_abort(void)
{
    volatile char *block = malloc(200001);
    signal(SIGABRT, on_abort);
    end_if_it_hangs();
    block[200001] = 1;
    (void)heap_problems();
    puts("the damage was not found");
    return 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "abort") == 0)
        return allocate_in_handler_of_abort();
    pthread_t threads[THREADS];
    size_t wrong = 0;
    end_if_it_hangs();
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, storm, (void *)(i + 1)) != 0)
            return 2;
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        wrong += (size_t)failed;
    }
    if (wrong != 0)
        printf("%zu children failed\n", wrong);
    return wrong == 0 ? 0 : 1;
}
