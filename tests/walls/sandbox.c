/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that has locked itself in after its start: of the kernel it may ask for memory, for futexes, and
 * for what a report needs to be written and to end the process.
 *
 * - sandbox first: the first block of the process is allocated in the sandbox, which kills
 * - sandbox locked: the same, and all memory is locked
 * - sandbox heap EPERM|ENOSYS|kill [CALL]: use the heap. What is not allowed fails so, or kills; with CALL,
 *   that one of the allowed calls fails as well
 * - sandbox report EPERM|ENOSYS|kill [CALL]: free a block twice
 */
#include "lock-in.h"
#include "shelf.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum {
    THREADS = 3,
    PLACES = 100,
    CALLS = 8000,
    LARGEST = 3000000
};

/* --- threads, which may neither be started nor end in the sandbox */

struct worker {
    struct shelf_place places[PLACES];
    struct shelf shelf;
    atomic_bool done;
};

static struct worker workers[THREADS];
static atomic_bool locked_in;
static atomic_size_t ready;

static void use_shelf(struct worker *worker)
{
    uint64_t random = (uint64_t)(worker - workers) + 21;
    for (size_t i = 0; i < (size_t)2 * CALLS; i++) {
        shelf_random_call(&worker->shelf, &random, LARGEST);
        if (i == CALLS)
            malloc_trim(0);
    }
    shelf_release_all(&worker->shelf);
    atomic_store(&worker->done, true);
}

static void *work_when_locked_in(void *worker)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&locked_in))
        sched_yield();
    use_shelf(worker);
    for (;;)
        sched_yield();
    return NULL;
}

static bool start_threads(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        workers[i].shelf = (struct shelf){.places = workers[i].places, .count = PLACES};
        if (i != 0 && pthread_create(&thread, NULL, work_when_locked_in, &workers[i]) != 0)
            return false;
    }
    while (atomic_load(&ready) < THREADS - 1)
        sched_yield();
    return true;
}

static int use_heap(bool scarce)
{
    size_t wrong = 0, refused = 0;
    atomic_store(&locked_in, true);
    use_shelf(&workers[0]);
    for (size_t i = 0; i < THREADS; i++) {
        while (!atomic_load(&workers[i].done))
            sched_yield();
        wrong += workers[i].shelf.wrong;
        refused += workers[i].shelf.refused;
    }
    return wrong == 0 && heap_problems() == 0 && (scarce || refused == 0) ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "",
               *except = argc > 3 ? argv[3] : "";
    unsigned otherwise = strcmp(how, "EPERM") == 0    ? SECCOMP_RET_ERRNO | EPERM
                         : strcmp(how, "ENOSYS") == 0 ? SECCOMP_RET_ERRNO | ENOSYS
                                                      : SECCOMP_RET_KILL_PROCESS;
    if (strcmp(role, "first") == 0 || strcmp(role, "locked") == 0) {
        if ((strcmp(role, "locked") == 0 && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) ||
            !lock_in(otherwise, ""))
            return 2;
        workers[0].shelf = (struct shelf){.places = workers[0].places, .count = PLACES};
        use_shelf(&workers[0]);
        _exit(workers[0].shelf.wrong == 0 && heap_problems() == 0 ? 0 : 1);
    }
    char *block = malloc(100);
    if (!block || !start_threads() || !lock_in(otherwise, except)) {
        perror("seccomp");
        return 2;
    }
    if (strcmp(role, "report") == 0) {
        free(block);
        free(opaque(block));
        _exit(3);
    }
    _exit(use_heap(except[0] != '\0'));
}
