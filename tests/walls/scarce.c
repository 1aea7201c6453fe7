/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Programs that run out of memory: a limit that is in force from the start, or that is set while they hold
 * more. The first argument is the limit (as or data), the second the role to play.
 */
#include "shelf.h"
#include "step.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum {
    PLACES = 20000
};

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};
static int limited;

static void limit(size_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    if (setrlimit((__rlimit_resource_t)limited, &limit) != 0)
        exit(2);
}

static void unlimit(void)
{
    limit(RLIM_INFINITY);
}

static void expect(bool truth, const char *what)
{
    if (truth)
        return;
    puts(what);
    shelf.wrong++;
}

/* Blocks of one size into the places [from, to), until there are no more. Returns where that was. */
static size_t fill_places(size_t from, size_t to, size_t size)
{
    size_t at = from;
    while (at < to && shelf_allocate(&shelf, at, SHELF_MALLOC, 8, size))
        at++;
    return at;
}

static void release_places(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        shelf_release(&shelf, i);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void use_for_a_while(void)
{
    struct shelf_place few[64] = {{0}};
    struct shelf other = {.places = few, .count = COUNT(few)};
    uint64_t random = 5;
    for (size_t i = 0; i < 5000; i++)
        shelf_random_call(&other, &random, 300000);
    shelf_release_all(&other);
    shelf.wrong += other.wrong;
    shelf.refused += other.refused;
}

/* The limit falls below what the process holds already: nothing more is to be had, all that is held stays
 * good. */
static void lowered(void)
{
    bool full =
        fill_places(0, PLACES / 2, 3000) == PLACES / 2 && fill_places(PLACES / 2, PLACES, 20000) == PLACES;
    limit(64 * MIB);
    use_for_a_while();
    for (size_t i = 0; i < PLACES; i += 2)
        shelf_release(&shelf, i);
    use_for_a_while();
    for (size_t i = 1; i < PLACES; i += 2)
        shelf_resize(&shelf, i, shelf.places[i].size / 2 + 1);
    shelf_release_all(&shelf);
    unlimit();
    shelf.refused = 0;
    use_for_a_while();
    expect(full && shelf.refused == 0, "without the limit there is still no memory");
}

/* Slots of one size that are freed serve that size again, also when nothing else of it can be mapped any
 * more. */
static void freed_slots_serve(size_t size)
{
    static void *hoard;
    size_t filled = fill_places(0, PLACES, size);
    limit(64 * MIB);
    size_t kept = filled - filled / 8;
    release_places(0, kept);
    /* Whoever needs memory more takes what those blocks left. */
    for (size_t chunk = MIB; chunk >= 4096; chunk /= 2)
        for (void **block; (block = malloc(chunk)) != NULL; hoard = block)
            *block = hoard;
    size_t first = 0;
    while (first < kept && shelf_allocate(&shelf, first, SHELF_MALLOC, 8, size))
        first++;
    release_places(kept, filled);
    size_t again = fill_places(kept, filled, size) - kept;
    printf("%zu-byte blocks: %zu of %zu freed ones could be had again\n", size, again, filled - kept);
    /* Some may wait in quarantine; that is bounded, and the process would rather have memory. */
    expect(again >= (filled - kept) / 2, "freed blocks do not serve their own size again");
    while (hoard) {
        void *next = *(void **)hoard;
        free(hoard);
        hoard = next;
    }
    shelf_release_all(&shelf);
}

/* What was freed serves for blocks of every other size, although the limit came when the allocator had made
 * itself comfortable. */
static void everything_else(size_t size)
{
    static const size_t others[] = {100, 3000, 20000, 90000, 300000, 5 * MIB};
    size_t filled = fill_places(0, smaller(PLACES, 80 * MIB / size), size);
    limit(64 * MIB);
    release_places(0, filled);
    for (size_t i = 0; i < COUNT(others); i++) {
        size_t wanted = smaller(PLACES, 20 * MIB / others[i]);
        size_t had = fill_places(0, wanted, others[i]);
        if (had != wanted)
            printf("%zu of %zu blocks of %zu bytes: ", had, wanted, others[i]);
        expect(had == wanted, "freed memory does not serve other sizes");
        release_places(0, had);
    }
}

/* Large blocks that were freed one after the other do not keep address space from the rest of the process. */
static void room_for_others(void)
{
    size_t without_room = 0;
    limit(100 * MIB);
    for (size_t size = 3 * MIB; size <= 30 * MIB; size += 3 * MIB) {
        for (size_t i = 0; i < 40; i++) {
            free(malloc(size));
            void *stack = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (stack == MAP_FAILED)
                without_room++;
            else
                munmap(stack, 8 * MIB);
        }
    }
    if (without_room != 0)
        printf("%zu times of 400 ", without_room);
    expect(without_room == 0, "no room for a thread's stack of 8 MiB although nothing is in use");
}

static void *allocate_on_thread(void *unused)
{
    (void)unused;
    for (size_t i = 1; i < 500; i++)
        free(malloc(i * 100));
    return NULL;
}

enum {
    TOGETHER = 6,
    TOGETHER_CALLS = 6000
};

static void *use_large_blocks(void *refused)
{
    uint64_t random = (uintptr_t)refused;
    void *block = NULL;
    for (size_t i = 0; i < TOGETHER_CALLS; i++) {
        free(block);
        size_t size = 150 * KIB + next_random(&random) % (4 * MIB);
        block = malloc(size);
        if (block)
            memset(block, 1, 8192);
        else
            ++*(size_t *)refused;
    }
    free(block);
    return NULL;
}

/* Threads that run into the limit at the same time, half of which is not in use: whoever finds that
 * another one has given everything back already gets of it. */
static void threads_together(void)
{
    pthread_t threads[TOGETHER];
    size_t refused[TOGETHER] = {0}, sum = 0;
    pthread_attr_t small;
    free(malloc(1)); /* it is not known from the start */
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * KIB);
    limit(40 * MIB);
    for (size_t i = 0; i < TOGETHER; i++)
        if (pthread_create(&threads[i], &small, use_large_blocks, &refused[i]) != 0)
            exit(2);
    for (size_t i = 0; i < TOGETHER; i++) {
        pthread_join(threads[i], NULL);
        sum += refused[i];
    }
    pthread_attr_destroy(&small);
    if (sum != 0)
        printf("%zu of %d ", sum, TOGETHER * TOGETHER_CALLS);
    expect(sum == 0, "calls got no memory although there was enough");
}

enum {
    STEPS_AT_MOST = 400000
};

static volatile sig_atomic_t steps;

static void on_step(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    if (++steps == STEPS_AT_MOST)
        step_no_further(context);
}

/* How many instructions it takes to say that there is no memory. The first time, what can be is given back.
 */
static int steps_of_failing_call(size_t size)
{
    expect(malloc(size) == NULL, "there was no limit");
    steps = 0;
    step(true);
    void *block = malloc(size);
    step(false);
    expect(block == NULL, "there was no limit");
    return (int)steps;
}

/* The same in a heap of so many blocks, two thirds of which have been freed. */
static int steps_in_heap_of(size_t count)
{
    void **blocks =
        mmap(NULL, count * sizeof *blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (blocks == MAP_FAILED)
        exit(2);
    for (size_t i = 0; i < count; i++)
        blocks[i] = malloc(16 + i % 100);
    for (size_t i = 0; i < count; i++)
        if (i % 3 != 0)
            free(blocks[i]);
    limit(4096);
    int small = steps_of_failing_call(5000), large = steps_of_failing_call(MIB);
    unlimit();
    for (size_t i = 0; i < count; i += 3)
        free(blocks[i]);
    munmap(blocks, count * sizeof *blocks);
    printf("%zu blocks: %d and %d instructions for a call that fails\n", count, small, large);
    return small > large ? small : large;
}

/*
 * A program that goes on asking although it is at its limit is not slowed down by all that it holds: a look
 * at regions, in extents of some thousand blocks, but not at runs of sixty.
 */
static void no_crawling(void)
{
    enum {
        FEW = 30000,
        MANY = 3000000,
        BLOCKS_PER_INSTRUCTION = 20
    };
    struct sigaction counting = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    if (!CAN_STEP)
        exit(77);
    sigaction(SIGTRAP, &counting, NULL);
    int few = steps_in_heap_of(FEW), many = steps_in_heap_of(MANY);
    expect(many - few < (MANY - FEW) / BLOCKS_PER_INSTRUCTION, "calls that fail are slow in a large heap");
}

/* A request that cannot be met in any way does not have quarantines emptied for it. */
static void in_vain(void)
{
    enum {
        ROUNDS = 50,
        NEXT = 32,
        SPARE = 400,
        HOARD = 40 * PLACES
    };
    /* Not among the program's variables, with which it could not even be loaded where there is hardly any
     * space. */
    char **hoard =
        mmap(NULL, HOARD * sizeof *hoard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t filled = 0, again = 0;
    if (hoard == MAP_FAILED)
        exit(2);
    while (filled < PLACES && (hoard[filled] = malloc(100)) != NULL)
        filled++;
    limit(16 * MIB);
    while (filled < HOARD && (hoard[filled] = malloc(100)) != NULL)
        filled++;
    /* No others are left, so that what is freed is what comes next. */
    for (size_t i = 0; i < SPARE; i++)
        free(hoard[--filled]);
    for (size_t round = 0; round < ROUNDS; round++) {
        char *freed = hoard[--filled], *next[NEXT];
        free(freed);
        expect(malloc(1024 * MIB) == NULL, "there was no limit");
        for (size_t i = 0; i < NEXT; i++) {
            next[i] = malloc(100);
            again += next[i] == freed;
        }
        for (size_t i = 0; i < NEXT; i++)
            free(next[i]);
    }
    if (again != 0)
        printf("%zu of %d: ", again, ROUNDS);
    expect(again == 0, "what was just freed came out of quarantine");
    while (filled > 0)
        free(hoard[--filled]);
    munmap(hoard, HOARD * sizeof *hoard);
}

/* Where the kernel keeps account of what is promised: a block is refused that is more than it has, and the
 * heap is as before. */
static void beyond_machine(size_t bytes)
{
    char *block = malloc(64 * MIB);
    expect(block != NULL, "there is nothing at all");
    if (!block)
        return;
    memset(block, 7, 64 * MIB);
    expect(malloc(bytes) == NULL, "more than there is was promised");
    char *grown = realloc(block, bytes);
    expect(grown == NULL, "a block grew to more than there is");
    if (grown)
        return;
    expect(calloc(bytes / 4096, 4096) == NULL, "more than there is was promised as zeros");
    expect(block[0] == 7 && block[64 * MIB - 1] == 7, "a block that could not grow has changed");
    free(block);
    use_for_a_while();
    expect(shelf.refused == 0, "nothing is to be had any more");
}

/* In a space so small that perhaps nothing can be had: every call answers all the same. */
static void hardly_any(void)
{
    use_for_a_while();
    fill_places(0, PLACES, 1000);
    malloc_trim(0);
    (void)mallinfo2();
    malloc_stats();
    pthread_t thread;
    if (pthread_create(&thread, NULL, allocate_on_thread, NULL) == 0)
        pthread_join(thread, NULL);
    pid_t child = fork();
    if (child == 0) {
        use_for_a_while();
        _exit(shelf.wrong == 0 ? 0 : 1);
    }
    int status = 0;
    expect(child < 0 || (waitpid(child, &status, 0) == child && status == 0), "the child failed");
    shelf_release_all(&shelf);
}

int main(int argc, char **argv)
{
    const char *role = argc > 2 ? argv[2] : "";
    limited = argc > 1 && strcmp(argv[1], "data") == 0 ? RLIMIT_DATA : RLIMIT_AS;
    if (strcmp(role, "lowered") == 0)
        lowered();
    else if (strcmp(role, "freed-slots") == 0)
        freed_slots_serve(argc > 3 ? strtoul(argv[3], NULL, 10) : 100);
    else if (strcmp(role, "everything-else") == 0)
        everything_else(argc > 3 ? strtoul(argv[3], NULL, 10) : 100);
    else if (strcmp(role, "room-for-others") == 0)
        room_for_others();
    else if (strcmp(role, "together") == 0)
        threads_together();
    else if (strcmp(role, "no-crawling") == 0)
        no_crawling();
    else if (strcmp(role, "in-vain") == 0)
        in_vain();
    else if (strcmp(role, "beyond-machine") == 0)
        beyond_machine(argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
    else if (strcmp(role, "hardly-any") == 0)
        hardly_any();
    else
        return 2;
    expect(heap_problems() == 0, "the heap is not sound");
    if (shelf.wrong != 0)
        printf("%zu things were wrong\n", shelf.wrong);
    return shelf.wrong == 0 ? 0 : 1;
}
