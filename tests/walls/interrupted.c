/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * interrupted DOING THEN: a signal interrupts the allocator, and its handler does not return.
 *
 * - DOING: what the allocator is doing: first (the first block of a size), spill, refill, large, resize,
 * trim, across
 * - THEN: what the handler does: jump (siglongjmp out of it) or allocate (and then jump)
 *
 * Blocks that were on their way are lost, which nobody can help. But the heap is sound, and nobody waits for
 * ever.
 *
 * The CPU's trap flag makes every instruction a signal, so none is left out by chance. At many of them the
 * process is copied; in the copy the handler does what it is to do, and then the heap is put to use.
 */
#include "hang.h"
#include "shelf.h"
#include "step.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    PLACES = 100,
    ACROSS = 300,
    COPIES = 150
};

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};
static void *across[ACROSS], *held[PLACES];

/* --- what is interrupted */

static void do_first(void)
{
    free(opaque(malloc(700)));
}

static void do_spill(void)
{
    for (size_t i = 0; i < PLACES; i++)
        free(held[i]);
}

static void do_refill(void)
{
    for (size_t i = 0; i < PLACES; i++)
        held[i] = malloc(2000);
}

static void do_large(void)
{
    for (size_t i = 0; i < 22; i++)
        free(opaque(malloc(140000 + i % 3 * 10000)));
}

static void do_resize(void)
{
    void *block = malloc(200000);
    for (size_t size = 210000; size < 1000000; size *= 2)
        block = realloc(block, size);
    free(realloc(block, 150000));
}

static void do_trim(void)
{
    malloc_trim(0);
}

/* Blocks of another thread, which go home in parcels. */
static void do_across(void)
{
    for (size_t i = 0; i < ACROSS; i++)
        free(across[i]);
}

static void *allocate_across(void *unused)
{
    for (size_t i = 0; i < ACROSS; i++)
        across[i] = malloc(500);
    return unused;
}

/* What must have been before. */
static void prepare(void)
{
    pthread_t thread;
    uint64_t random = 1;
    if (pthread_create(&thread, NULL, allocate_across, NULL) != 0)
        _exit(2);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < 300; i++)
        shelf_random_call(&shelf, &random, 200000);
    for (size_t i = 0; i < PLACES; i++)
        held[i] = malloc(300);
}

static const struct {
    const char *name;
    void (*work)(void);
} works[] = {{"first", do_first},   {"spill", do_spill}, {"refill", do_refill}, {"large", do_large},
             {"resize", do_resize}, {"trim", do_trim},   {"across", do_across}};

/* --- the interruption */

static bool allocates;
static sigjmp_buf out;
static long steps, stride, wrong_copies;

static _Noreturn void go_on_in_copy(void)
{
    uint64_t random = 2;
    for (size_t i = 0; i < 500; i++)
        shelf_random_call(&shelf, &random, 200000);
    shelf_release_all(&shelf);
    _exit(shelf.wrong == 0 && heap_problems() == 0 ? 0 : 1);
}

static void on_step(int signal)
{
    (void)signal;
    if (++steps % stride != 0)
        return;
    int status = -1;
    pid_t copy = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (copy == 0) {
        end_if_it_hangs();
        if (allocates) {
            free(opaque(malloc(500000)));
            for (size_t i = 0; i < 300; i++)
                free(opaque(malloc(i * 30)));
        }
        siglongjmp(out, 1);
    }
    if (waitpid(copy, &status, 0) != copy || status == 0)
        return;
    char text[100];
    int length =
        snprintf(text, sizeof text, "at instruction %ld: wait status %#x\n", steps, (unsigned)status);
    (void)!write(STDOUT_FILENO, text, (size_t)length);
    if (++wrong_copies == 4)
        _exit(1);
}

/*
 * The allocator knows a forked child by memory that the kernel wipes there, and then believes in no lock. Our
 * copies are to pass for the process itself.
 */
static void keep_all_memory_in_copies(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/smaps", "r");
    uintptr_t from = 0, to = 0, start, end;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2) {
            from = start;
            to = end;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " wf")) {
            madvise((void *)from, to - from, MADV_KEEPONFORK);
        }
    }
    if (maps)
        fclose(maps);
}

static _Noreturn void run(void (*work)(void))
{
    prepare();
    keep_all_memory_in_copies();
    signal(SIGTRAP, on_step);
    if (sigsetjmp(out, 1) != 0)
        go_on_in_copy();
    step(true);
    work();
    step(false);
    printf("%ld instructions, %ld of them interrupted, %ld times it went wrong\n", steps, steps / stride,
           wrong_copies);
    fflush(stdout);
    _exit(wrong_copies == 0 ? 0 : 1);
}

static long count_instructions(void (*work)(void))
{
    int ends[2];
    long count = 0;
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        stride = LONG_MAX;
        prepare();
        signal(SIGTRAP, on_step);
        step(true);
        work();
        step(false);
        _exit(write(ends[1], &steps, sizeof steps) == sizeof steps ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &count, sizeof count) != sizeof count)
        count = 0;
    waitpid(child, NULL, 0);
    return count;
}

int main(int argc, char **argv)
{
    void (*work)(void) = NULL;
    for (size_t i = 0; argc > 2 && i < COUNT(works); i++)
        if (strcmp(argv[1], works[i].name) == 0)
            work = works[i].work;
    if (!work) {
        fputs("usage: interrupted DOING jump|allocate\n", stderr);
        return 2;
    }
    allocates = strcmp(argv[2], "allocate") == 0;
    if (!CAN_STEP)
        return 77;
    long instructions = count_instructions(work);
    if (instructions == 0)
        return 2;
    const char *walls = getenv("WALLS");
    stride = instructions / (walls && strcmp(walls, "full") == 0 ? 100 * COPIES : COPIES) + 1;
    run(work);
}
