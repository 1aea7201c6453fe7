/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * failing-calls HOW ERROR [locked]: system calls for memory that the allocator makes in a fixed piece of work
 * fail, in one run after the other.
 *
 * - one: of the calls that are alike the first, the second, the third, and then ever fewer (WALLS=full: all)
 * - stretch: the same, and with each the nineteen that follow it
 * - pages: every mapping of a single page, as the tables of slots make first, and the nineteen that follow it
 * - from: the same, and with each all that follow, to the end of the work
 * - pairs: two calls, a sample of all pairs
 *
 * ERROR is the errno: ENOMEM, or EPERM or ENOSYS as in a sandbox. Whatever fails, the program must get NULL
 * or success, and the heap must be sound afterwards and serve as before.
 *
 * The program's own definitions of mmap() and the others come before libc's where the library looks for them,
 * so that no other call of the process is touched.
 */
#include "hang.h"
#include "hasty-clock.h"
#include "shelf.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    PLACES = 96,
    ACROSS = 400,
    CROWD = 200,
    STRETCH = 20,
    SAMPLE_OF_PAIRS = 100,
    KINDS = 256,
    TARGETS = 5000,
    PAGE_BITS = 13 /* of 4096 */
};

#define FAR_AWAY ((uintptr_t)1 << 40)

enum how {
    ONE,
    STRETCHES,
    PAGES,
    FROM,
    PAIRS
};

/* Calls that are alike. In two runs the same call need not have the same number, but it is of the same kind.
 * Compared as bytes: no padding. */
struct kind {
    const void *caller;  /* in the library */
    unsigned size;       /* in powers of two */
    unsigned short area; /* of the address space: slots, metadata, large blocks */
    unsigned short maps; /* 1: mmap */
};

/* The nth call of a kind. */
struct target {
    size_t kind, nth;
};

/* Shared with the parent, which plans the other runs by the first and wants to know what failed. */
struct record {
    struct kind kinds[KINDS];
    size_t kinds_known;
    size_t seen[KINDS]; /* in this run */
    size_t calls;
    struct target targets[2];
    size_t failing_from; /* the number of the first call that failed; 0: none has */
    const char *name;    /* and what it was */
    uintptr_t arguments[3];
    bool over; /* the work is done, and all calls succeed */
};

static struct record *record;
static enum how how;
static int error;

/* --- the calls */

static size_t number_of_kind(struct kind kind)
{
    size_t i = 0;
    while (i < record->kinds_known && memcmp(&record->kinds[i], &kind, sizeof kind) != 0)
        i++;
    if (i == record->kinds_known && i < KINDS - 1)
        record->kinds[record->kinds_known++] = kind;
    return i;
}

/* Only for runs in which one call is the beginning: those that follow it. */
static bool follows(void)
{
    return record->failing_from != 0 && (how == FROM || ((how == STRETCHES || how == PAGES) &&
                                                         record->calls < record->failing_from + STRETCH));
}

static bool is_target(size_t kind)
{
    size_t nth = ++record->seen[kind];
    for (size_t i = 0; i < COUNT(record->targets); i++)
        if (record->targets[i].nth == nth && record->targets[i].kind == kind)
            return true;
    return false;
}

static bool fails(const char *name, const void *caller, uintptr_t a, uintptr_t b, uintptr_t c)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    if (!record || record->over)
        return false;
    pthread_mutex_lock(&lock);
    record->calls++;
    bool chosen = is_target(number_of_kind((struct kind){
        caller, 64 - (unsigned)__builtin_clzl(b | 1), (unsigned short)(a >> 42), strcmp(name, "mmap") == 0}));
    if (chosen && record->failing_from == 0) {
        record->failing_from = record->calls;
        record->name = name;
        record->arguments[0] = a;
        record->arguments[1] = b;
        record->arguments[2] = c;
    }
    bool result = chosen || follows();
    pthread_mutex_unlock(&lock);
    if (result)
        errno = error;
    return result;
}

#define FAILS(name, a, b, c)                                                                                 \
    fails(name, __builtin_return_address(0), (uintptr_t)(a), (uintptr_t)(b), (uintptr_t)(c))

static void *pass(long number, long a, long b, long c, long d, long e)
{
    return (void *)syscall(number, a, b, c, d, e, 0L);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (FAILS("mmap", address, length, protection))
        return MAP_FAILED;
    (void)offset; /* the allocator maps no files */
    return pass(SYS_mmap, (long)address, (long)length, protection, flags, fd);
}

int munmap(void *address, size_t length)
{
    if (FAILS("munmap", address, length, 0))
        return -1;
    return (int)(intptr_t)pass(SYS_munmap, (long)address, (long)length, 0, 0, 0);
}

void *mremap(void *address, size_t old_length, size_t length, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
    va_end(list);
    if (FAILS("mremap", address, old_length, length))
        return MAP_FAILED;
    return pass(SYS_mremap, (long)address, (long)old_length, (long)length, flags, (long)target);
}

int mprotect(void *address, size_t length, int protection)
{
    if (FAILS("mprotect", address, length, protection))
        return -1;
    return (int)(intptr_t)pass(SYS_mprotect, (long)address, (long)length, protection, 0, 0);
}

int madvise(void *address, size_t length, int advice)
{
    if (FAILS("madvise", address, length, advice))
        return -1;
    return (int)(intptr_t)pass(SYS_madvise, (long)address, (long)length, advice, 0, 0);
}

int mincore(void *address, size_t length, unsigned char *present)
{
    if (FAILS("mincore", address, length, 0))
        return -1;
    return (int)(intptr_t)pass(SYS_mincore, (long)address, (long)length, (long)present, 0, 0);
}

/* --- the work: every part of the allocator that asks the kernel for something */

static struct shelf_place places[PLACES];
static struct shelf shelf = {.places = places, .count = PLACES};

static void every_class(void)
{
    static const size_t sizes[] = {0,     1,     40,     100,   200,   400,    700,    1000,
                                   1500,  2000,  3000,   4090,  5000,  8000,   10000,  16384,
                                   30000, 60000, 100000, 65536, 90000, 131072, 131073, 140000};
    for (size_t i = 0; i < COUNT(sizes); i++)
        shelf_allocate(&shelf, i, i % 2 ? SHELF_CALLOC : SHELF_MALLOC, 8, sizes[i]);
    shelf_allocate(&shelf, COUNT(sizes), SHELF_ALIGNED, 64 * KIB, 100);
    shelf_allocate(&shelf, COUNT(sizes) + 1, SHELF_ALIGNED, MIB, 300000);
    shelf_allocate(&shelf, COUNT(sizes) + 2, SHELF_PAGE, 8, 1000);
    for (size_t i = 0; i < COUNT(sizes); i++)
        shelf_resize(&shelf, i, sizes[COUNT(sizes) - 1 - i] + 1);
    shelf_release_all(&shelf);
}

struct chain {
    struct chain *next;
};

static void release_chain(struct chain *chain)
{
    while (chain) {
        struct chain *next = chain->next;
        free(chain);
        chain = next;
    }
}

/* Slots of one class over several extents; freed, given back, and taken again. */
static void grow_and_trim(size_t size)
{
    struct chain *chain = NULL, *block;
    for (size_t bytes = 0; bytes < 9 * MIB / 4 && (block = malloc(size)) != NULL;
         bytes += size, chain = block)
        block->next = chain;
    release_chain(chain);
    malloc_trim(0);
    for (size_t i = 0; i < PLACES; i++)
        shelf_allocate(&shelf, i, SHELF_CALLOC, 8, size);
    shelf_release_all(&shelf);
}

/* Through quarantine and cache, and with the clock's help past the time for which pages are kept. */
static void large_blocks(void)
{
    for (size_t i = 0; i < 28; i++) {
        size_t size = i % 10 == 0 ? 300000 : 140000 + i % 5 * 10000;
        shelf_allocate(&shelf, i % 3, i % 2 ? SHELF_CALLOC : SHELF_MALLOC, 8, size);
        if (i % 8 == 0)
            shelf_resize(&shelf, i % 3, size + 1000);
        if (i % 8 == 1)
            shelf_resize(&shelf, i % 3, 2 * size);
        if (i % 8 == 2)
            shelf_resize(&shelf, i % 3, size / 2);
        shelf_release(&shelf, i % 3);
    }
}

static void *use_on_thread(void *blocks)
{
    struct shelf_place few[20] = {{0}};
    struct shelf own = {.places = few, .count = COUNT(few)};
    uint64_t random = 3;
    for (size_t i = 0; i < ACROSS; i++)
        free(((void **)blocks)[i]);
    for (size_t i = 0; i < 300; i++)
        shelf_random_call(&own, &random, 5000);
    shelf_release_all(&own);
    return own.wrong == 0 ? NULL : blocks;
}

/* A thread frees what this one allocated, and ends; the next takes over what it had. */
static void threads(void)
{
    static void *blocks[ACROSS];
    for (size_t round = 0; round < 2; round++) {
        pthread_t thread;
        void *failed = NULL;
        for (size_t i = 0; i < ACROSS; i++)
            blocks[i] = malloc(300);
        if (pthread_create(&thread, NULL, use_on_thread, blocks) == 0)
            pthread_join(thread, &failed);
        else
            failed = use_on_thread(blocks);
        shelf.wrong += failed != NULL;
    }
}

static pthread_mutex_t crowd_stays = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t crowd_came;

static void *hold_a_block(void *unused)
{
    void *block = malloc(100);
    (void)unused;
    atomic_fetch_add(&crowd_came, 1);
    pthread_mutex_lock(&crowd_stays);
    pthread_mutex_unlock(&crowd_stays);
    free(block);
    return NULL;
}

/* So many at once that what the allocator keeps for each needs more memory of its own. */
static void crowd(void)
{
    pthread_t crowd[CROWD];
    pthread_attr_t small;
    size_t started = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * KIB);
    pthread_mutex_lock(&crowd_stays);
    while (started < CROWD && pthread_create(&crowd[started], &small, hold_a_block, NULL) == 0)
        started++;
    while (atomic_load(&crowd_came) < started)
        sched_yield();
    pthread_mutex_unlock(&crowd_stays);
    for (size_t i = 0; i < started; i++)
        pthread_join(crowd[i], NULL);
}

/* Address space runs out, what is free is unmapped, and mapped again when there is some. */
static void exhaust(void)
{
    struct rlimit limit = {40 * MIB, RLIM_INFINITY};
    struct chain *chain = NULL, *block;
    size_t refused = shelf.refused;
    setrlimit(RLIMIT_AS, &limit);
    for (size_t size = 4 * MIB; size >= 8000; size /= 4)
        for (; (block = malloc(size)) != NULL; chain = block)
            block->next = chain;
    shelf_allocate(&shelf, 0, SHELF_MALLOC, 8, 5000);
    release_chain(chain);
    for (size_t i = 1; i < PLACES; i++)
        shelf_allocate(&shelf, i, SHELF_MALLOC, 8, i * 50);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_AS, &limit);
    shelf_release_all(&shelf);
    shelf.refused = refused; /* as was to be expected here */
}

static void work(void)
{
    every_class();
    large_blocks();
    grow_and_trim(1000);
    grow_and_trim(20000);
    threads();
    exhaust();
    every_class();
}

/* More of each size than its first tables know of: no size has been given up, for others or for large blocks.
 */
static void plenty(void)
{
    for (size_t size = 8; size <= 1000; size += 8) {
        struct chain *chain = NULL, *block;
        for (size_t i = 0; i < 1000; i++, chain = block) {
            if ((block = malloc(size)) == NULL) {
                shelf.refused++;
                break;
            }
            if (chain && ((uintptr_t)block - (uintptr_t)chain + FAR_AWAY) > 2 * FAR_AWAY) {
                printf("blocks of %zu bytes come from elsewhere\n", size);
                shelf.wrong++;
            }
            block->next = chain;
        }
        release_chain(chain);
    }
}

/* --- the runs */

static int run_in_child(bool locked)
{
    end_if_it_hangs();
    if (locked && mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        return 2;
    work();
    crowd();
    record->over = true;
    shelf.refused = 0;
    work();
    plenty();
    size_t problems = heap_problems();
    if (problems != 0)
        printf("%zu problems in the heap\n", problems);
    if (shelf.refused != 0)
        printf("%zu calls were refused after all was well again\n", shelf.refused);
    fflush(stdout);
    return shelf.wrong == 0 && problems == 0 && shelf.refused == 0 ? 0 : 1;
}

static bool went_well(struct target first, struct target second, bool locked)
{
    memset(record->seen, 0, sizeof *record - offsetof(struct record, seen));
    record->targets[0] = first;
    record->targets[1] = second;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(run_in_child(locked));
    int status = -1;
    waitpid(child, &status, 0);
    if (status == 0)
        return true;
    if (record->failing_from != 0)
        printf("call %zu, %s(%#zx, %#zx, %#zx), failed%s: ", record->failing_from, record->name,
               record->arguments[0], record->arguments[1], record->arguments[2],
               second.nth != 0 ? " and another" : "");
    printf("wait status %#x\n", (unsigned)status);
    return false;
}

static bool is_map_of_page(size_t kind)
{
    return record->kinds[kind].maps && record->kinds[kind].size == PAGE_BITS;
}

/* Of the calls of a kind, the first three, and then ever fewer; all of those of a page, and with WALLS=full.
 */
static size_t choose_targets(struct target targets[TARGETS])
{
    const char *walls = getenv("WALLS");
    size_t count = 0, dense = walls && strcmp(walls, "full") == 0 ? SIZE_MAX : 3;
    if (how == PAGES)
        dense = SIZE_MAX;
    for (size_t kind = 0; kind < record->kinds_known; kind++)
        for (size_t nth = 1;
             nth <= record->seen[kind] && count < TARGETS && (how != PAGES || is_map_of_page(kind));
             nth = nth < dense ? nth + 1 : nth * 4)
            targets[count++] = (struct target){kind, nth};
    return count;
}

static bool understand(int argc, char **argv)
{
    static const char *const hows[] = {"one", "stretch", "pages", "from", "pairs"};
    static const struct {
        const char *name;
        int number;
    } errors[] = {{"ENOMEM", ENOMEM}, {"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EAGAIN", EAGAIN}};
    size_t which = 0;
    if (argc < 3)
        return false;
    while (which < COUNT(hows) && strcmp(argv[1], hows[which]) != 0)
        which++;
    how = (enum how)which;
    for (size_t i = 0; i < COUNT(errors); i++)
        if (strcmp(argv[2], errors[i].name) == 0)
            error = errors[i].number;
    return which != COUNT(hows) && error != 0;
}

int main(int argc, char **argv)
{
    static struct target targets[TARGETS];
    const struct target none = {0, 0};
    bool locked = argc > 3 && strcmp(argv[3], "locked") == 0;
    if (!understand(argc, argv)) {
        fputs("usage: failing-calls one|stretch|pages|from|pairs ENOMEM|EPERM|ENOSYS|EAGAIN [locked]\n",
              stderr);
        return 2;
    }
    record = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (record == MAP_FAILED || !went_well(none, none, locked))
        return 1;
    size_t calls = record->calls, count = choose_targets(targets), bad = 0;
    uint64_t random = 1;
    if (compatmalloc_features && count < (how == PAGES ? 1 : 50)) {
        puts("the library's calls do not come here, so nothing is tested");
        return 1;
    }
    for (size_t i = 0; i < (how == PAIRS ? SAMPLE_OF_PAIRS : count); i++) {
        if (how == PAIRS)
            bad += !went_well(targets[next_random(&random) % count], targets[next_random(&random) % count],
                              locked);
        else
            bad += !went_well(targets[i], none, locked);
    }
    printf("%zu calls of %zu kinds, %zu of them chosen; %zu runs went wrong\n", calls, record->kinds_known,
           count, bad);
    return bad == 0 ? 0 : 1;
}
