/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * libFuzzer: any bytes as a sequence of calls, by several threads in turn, with sound use held to the model
 * of shelf.h and misuse mixed in. Linked with the allocator's objects; runs with on-error=log.
 *
 * Shown wrong: anything that shelf.h complains of, a report of sound use, a misuse that the documentation
 * says is reported and is not, a crash. A misuse may be found by a fault instead of a report: then its
 * address was inaccessible.
 *
 * An instruction is four bytes: what to do, with which place, and two bytes for a size. Threads work one
 * after the other, so a sequence means the same each time, but whatever one frees may have been another's.
 */
#include "shelf.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern void *_Znwm(size_t size);
extern void _ZdlPvm(void *block, size_t size);
extern void free_sized(void *block, size_t size);
extern void free_aligned_sized(void *block, size_t alignment, size_t size);

enum {
    PLACES = 48,
    WORKERS = 3,
    INSTRUCTIONS = 1000
};

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};
static size_t expected_reports;

static size_t reports(void)
{
    struct compatmalloc_statistics statistics = {0};
    (void)compatmalloc_statistics_get(&statistics, sizeof statistics);
    return statistics.reports;
}

static void require(bool truth, const char *what)
{
    if (truth)
        return;
    (void)!write(STDERR_FILENO, what, strlen(what));
    (void)!write(STDERR_FILENO, "\n", 1);
    abort();
}

/* --- misuse */

static sigjmp_buf out;
static volatile sig_atomic_t faults_expected;

static void on_fault(int signal)
{
    if (faults_expected)
        siglongjmp(out, 1);
    (void)signal;
    abort();
}

/* Change a byte that is nobody's. False if it cannot be touched. */
static bool spoil(volatile unsigned char *byte)
{
    if (sigsetjmp(out, 1) != 0) {
        faults_expected = 0;
        return false;
    }
    faults_expected = 1;
    *byte ^= 0xff;
    faults_expected = 0;
    return true;
}

static void must_be_reported(const char *what)
{
    size_t now = reports();
    if (now <= expected_reports)
        require(false, what);
    expected_reports = now;
}

static void double_free(size_t place)
{
    void *block = opaque(places[place].block);
    if (!block)
        return;
    shelf_release(&shelf, place);
    free(block);
    must_be_reported("a double free was not reported");
}

static void free_inside(size_t place, size_t offset)
{
    unsigned char *block = opaque(places[place].block);
    if (!block || places[place].size < 2)
        return;
    free(block + 1 + offset % (places[place].size - 1));
    must_be_reported("a pointer into a block was freed, and that was not reported");
}

/* One byte of the first eight behind the block, which are canary whatever its size. */
static void overflow(size_t place, size_t distance)
{
    unsigned char *block = opaque(places[place].block);
    if (!block || !(compatmalloc_features() & COMPATMALLOC_CANARIES) ||
        !spoil(block + places[place].size + distance % 8))
        return;
    shelf_release(&shelf, place);
    must_be_reported("an overflow was not reported");
}

static void wrong_size(size_t place, size_t by)
{
    void *block = places[place].block;
    if (!block)
        return;
    places[place].block = NULL;
    free_sized(block, places[place].size + 1 + by);
    must_be_reported("a wrong size was not reported");
}

/* Whatever it takes until the block's slot comes back; a small one's does before long. */
static void write_after_free(size_t value)
{
    size_t size = 1 + value % 2000;
    if (!(compatmalloc_features() & COMPATMALLOC_WRITE_AFTER_FREE_CHECK))
        return;
    unsigned char *block = opaque(malloc(size));
    free(block);
    if (!spoil(block + value / 7 % size))
        return;
    for (size_t i = 0; i < 20000 && reports() == expected_reports; i++)
        for (size_t j = 0; j < 100; j++)
            free(opaque(malloc(size)));
    must_be_reported("a write after free was not reported");
    /* Where neighbours are checked, that may have been found from next door, and would be found once more. */
    (void)spoil(block + value / 7 % size);
}

/* --- the calls */

/* Sizes of every order of magnitude, and around the limits of classes. */
static size_t size_of(unsigned scale, size_t value)
{
    switch (scale % 8) {
    case 0:
        return value % 136;
    case 1:
        return value % 1100;
    case 2:
        return value % 9000;
    case 3:
        return value;
    case 4:
        return 131072 - 300 + value % 600;
    case 5:
        return value * 8;
    case 6:
        return ((size_t)1 << value % 18) + value / 256 % 3 - 1;
    default:
        return value % 200;
    }
}

static void allocate(unsigned call, size_t place, size_t size, size_t alignment)
{
    if (places[place].block)
        shelf_release(&shelf, place);
    require(
        shelf_allocate(&shelf, place, (enum shelf_call)(call % SHELF_ALLOCATING_CALLS), alignment, size) ||
            shelf.refused != 0,
        "a block was refused");
}

/* Blocks of operator new go by operator delete, at once. */
static void new_and_delete(size_t size)
{
    unsigned char *block = _Znwm(size);
    shelf_fill(block, size, size);
    require(shelf_intact(block, size, size), "contents of new changed");
    _ZdlPvm(block, size);
}

static void free_with_size(size_t place, bool aligned)
{
    unsigned char *block = places[place].block;
    if (!block)
        return;
    shelf_verify(&shelf, place);
    places[place].block = NULL;
    if (aligned)
        free_aligned_sized(block, MINIMUM_ALIGNMENT, places[place].size);
    else
        free_sized(block, places[place].size);
}

static void impossible(size_t value)
{
    errno = 0;
    require(malloc(opaque_size(SIZE_MAX - value)) == NULL && errno == ENOMEM,
            "an impossible size was granted");
    require(calloc(opaque_size(SIZE_MAX / 16 + 1 + value), 16) == NULL, "an overflowing product was granted");
    require(aligned_alloc(opaque_size((size_t)1 << 62), value + 1) == NULL,
            "an impossible alignment was granted");
    require(reallocarray(NULL, SIZE_MAX / 2, value + 3) == NULL, "an overflowing product was granted");
}

static void misuse(unsigned kind, size_t place, size_t value)
{
    switch (kind % 5) {
    case 0:
        double_free(place);
        break;
    case 1:
        free_inside(place, value);
        break;
    case 2:
        overflow(place, value);
        break;
    case 3:
        wrong_size(place, value);
        break;
    default:
        write_after_free(value);
        break;
    }
}

static void execute(const uint8_t *instruction)
{
    unsigned what = instruction[0] & 31, scale = instruction[0] >> 5;
    size_t place = instruction[1] % PLACES, value = instruction[2] | (size_t)instruction[3] << 8;
    size_t size = size_of(scale, value);
    if (what < 10) {
        allocate(what, place, size, (size_t)8 << (instruction[1] / PLACES ? value % 12 : value % 3));
    } else if (what < 16) {
        shelf_resize(&shelf, place, size + 1);
    } else if (what < 22) {
        if (places[place].block)
            shelf_release(&shelf, place);
    } else if (what < 24) {
        free_with_size(place, what == 22);
    } else if (what == 24) {
        new_and_delete(size);
    } else if (what == 25) {
        impossible(value);
    } else if (what == 26) {
        malloc_trim(value);
    } else if (what == 27) {
        free(NULL);
        free(opaque(malloc(0)));
    } else if (what == 28 && value % 8 == 0) {
        require(compatmalloc_check_integrity() == 0, "a sound heap was found unsound");
    } else if (what == 29) {
        misuse(scale, place, value);
    }
}

/* --- threads that work one at a time */

struct worker {
    pthread_t thread;
    bool runs;
    sem_t begin, end;
    const uint8_t *instruction; /* NULL: end */
};

static struct worker workers[WORKERS];

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (;;) {
        while (sem_wait(&worker->begin) != 0) {
        }
        if (!worker->instruction)
            return NULL;
        execute(worker->instruction);
        sem_post(&worker->end);
    }
}

static void dismiss(struct worker *worker)
{
    if (!worker->runs)
        return;
    worker->instruction = NULL;
    sem_post(&worker->begin);
    pthread_join(worker->thread, NULL);
    worker->runs = false;
}

static void execute_elsewhere(struct worker *worker, const uint8_t *instruction)
{
    if (!worker->runs) {
        sem_init(&worker->begin, 0, 0);
        sem_init(&worker->end, 0, 0);
        require(pthread_create(&worker->thread, NULL, work, worker) == 0, "no thread");
        worker->runs = true;
    }
    worker->instruction = instruction;
    sem_post(&worker->begin);
    while (sem_wait(&worker->end) != 0) {
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    signal(SIGSEGV, on_fault);
    require(compatmalloc_features() != 0, "the allocator passes through to libc: see COMPATMALLOC_OPTIONS");
    return 0;
}

/* The first byte says who works: bits in turn, each for the next instruction, once more from the start after
 * eight. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    expected_reports = reports();
    shelf.refused = 0;
    for (size_t i = 1; i + 4 <= size && i < (size_t)4 * INSTRUCTIONS; i += 4) {
        size_t who = data[0] >> (i / 4 % 4 * 2) & 3;
        if (who == 3 && data[i] == 0xff)
            dismiss(&workers[data[i + 1] % WORKERS]);
        else if (who == 3)
            execute(data + i);
        else
            execute_elsewhere(&workers[who], data + i);
    }
    shelf_release_all(&shelf);
    require(shelf.wrong == 0, "the model was violated");
    require(reports() == expected_reports, "sound use was reported");
    return 0;
}
