/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads: blocks that cross between them, many at once, and threads that come and go. */
#include "unit.h"

#include <sched.h>
#include <stdatomic.h>

/* 64 threads do this at once. The block's seed is its owner's, so that a block handed out twice shows. */
static size_t allocate_check_and_free(size_t number)
{
    enum {
        HELD = 64
    };
    void *blocks[HELD] = {NULL};
    size_t sizes[HELD] = {0};
    uint64_t random = number * 2 + 1;
    size_t failures = 0;
    for (size_t round = 0; round < 4000; round++) {
        size_t i = next_random(&random) % HELD;
        if (blocks[i] != NULL && !intact(blocks[i], sizes[i], number * HELD + i))
            failures++;
        switch (next_random(&random) % 4) {
        case 0:
            free(blocks[i]);
            sizes[i] = next_random(&random) % (round % 100 == 0 ? 200000 : 1000);
            blocks[i] = calloc(1, sizes[i]);
            if (blocks[i] != NULL && !all_zero(blocks[i], sizes[i]))
                failures++;
            break;
        case 1: {
            size_t size = next_random(&random) % 2000 + 1;
            void *moved = realloc(blocks[i], size);
            if (moved == NULL || !intact(moved, size < sizes[i] ? size : sizes[i], number * HELD + i))
                failures++;
            blocks[i] = moved;
            sizes[i] = size;
            break;
        }
        case 2:
            free(blocks[i]);
            sizes[i] = next_random(&random) % 600;
            blocks[i] = memalign((size_t)16 << next_random(&random) % 6, sizes[i]);
            break;
        default:
            free(blocks[i]);
            sizes[i] = next_random(&random) % 300;
            blocks[i] = malloc(sizes[i]);
            break;
        }
        if (blocks[i] == NULL)
            failures++;
        else
            fill(blocks[i], sizes[i], number * HELD + i);
    }
    for (size_t i = 0; i < HELD; i++) {
        if (blocks[i] != NULL && !intact(blocks[i], sizes[i], number * HELD + i))
            failures++;
        free(blocks[i]);
    }
    return failures;
}

static void sixty_four_threads_at_once(void **state)
{
    (void)state;
    assert_int_equal(failures_on_threads(64, allocate_check_and_free), 0);
}

/* A ring of threads: each takes blocks from the one before it, checks and frees them, and fills its own for
 * the next. */
enum {
    RING = 8,
    RING_ROUNDS = 20000,
    SLOTS = 64
};

struct parcel {
    size_t size;
    size_t seed;
    unsigned char contents[];
};

static _Atomic(struct parcel *) mailboxes[RING][SLOTS];

static size_t pass_blocks_on(size_t number)
{
    size_t failures = 0;
    uint64_t random = number + 99;
    for (size_t round = 0; round < RING_ROUNDS; round++) {
        size_t size = next_random(&random) % (round % 500 == 0 ? 300000 : 700);
        struct parcel *parcel = malloc(sizeof *parcel + size);
        if (parcel == NULL)
            return failures + 1;
        parcel->size = size;
        parcel->seed = round;
        fill(parcel->contents, size, round);
        struct parcel *received = atomic_exchange(&mailboxes[(number + 1) % RING][round % SLOTS], parcel);
        if (received == NULL)
            continue;
        if (!intact(received->contents, received->size, received->seed))
            failures++;
        free(received);
    }
    return failures;
}

static void blocks_freed_by_other_threads(void **state)
{
    (void)state;
    for (size_t repeat = 0; repeat < 3; repeat++)
        assert_int_equal(failures_on_threads(RING, pass_blocks_on), 0);
    for (size_t i = 0; i < RING; i++) {
        for (size_t j = 0; j < SLOTS; j++)
            free(atomic_exchange(&mailboxes[i][j], NULL));
    }
}

enum {
    LEFT = 400
};

static void *leave_blocks_behind(void *argument)
{
    void **blocks = argument;
    for (size_t i = 0; i < LEFT; i++) {
        blocks[i] = malloc(i * 3 + 1);
        if (blocks[i] != NULL)
            fill(blocks[i], i * 3 + 1, i);
    }
    return NULL;
}

static void blocks_outlive_their_thread(void **state)
{
    void *blocks[LEFT];
    (void)state;
    for (size_t repeat = 0; repeat < 20; repeat++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, leave_blocks_behind, blocks), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        for (size_t i = 0; i < LEFT; i++) {
            assert_non_null(blocks[i]);
            assert_true(intact(blocks[i], i * 3 + 1, i));
            if (i % 2 == 0) {
                blocks[i] = realloc(blocks[i], i * 6 + 2);
                assert_non_null(blocks[i]);
                assert_true(intact(blocks[i], i * 3 + 1, i));
            }
            free(blocks[i]);
        }
    }
}

static void *live_briefly(void *argument)
{
    size_t number = (size_t)argument;
    void *blocks[20];
    size_t failures = 0;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = malloc(i * 50 + number % 50 + 1);
        if (blocks[i] == NULL)
            failures++;
        else
            fill(blocks[i], i * 50 + number % 50 + 1, number);
    }
    for (size_t i = 0; i < COUNT(blocks); i++) {
        if (blocks[i] != NULL && !intact(blocks[i], i * 50 + number % 50 + 1, number))
            failures++;
        free(blocks[i]);
    }
    return (void *)failures;
}

static void two_thousand_threads_come_and_go(void **state)
{
    struct mallinfo2 early = {0};
    (void)state;
    for (size_t i = 0; i < 2000; i += 4) {
        pthread_t threads[4];
        for (size_t j = 0; j < COUNT(threads); j++)
            assert_int_equal(pthread_create(&threads[j], NULL, live_briefly, (void *)(i + j)), 0);
        for (size_t j = 0; j < COUNT(threads); j++) {
            void *failures = NULL;
            assert_int_equal(pthread_join(threads[j], &failures), 0);
            assert_null(failures);
        }
        if (i == 200)
            early = mallinfo2();
    }
    /* What an ended thread held must serve the next one. */
    struct mallinfo2 late = mallinfo2();
    assert_true(late.arena < early.arena + 64 * MIB);
}

static void *live_detached(void *argument)
{
    atomic_size_t *running = argument;
    free(malloc(5000));
    void *block = calloc(10, 10);
    free(block);
    atomic_fetch_sub(running, 1);
    return NULL;
}

static void detached_threads_come_and_go(void **state)
{
    static atomic_size_t running;
    pthread_attr_t detached;
    (void)state;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (size_t i = 0; i < 500; i++) {
        pthread_t thread;
        while (atomic_load(&running) >= 32)
            sched_yield();
        atomic_fetch_add(&running, 1);
        assert_int_equal(pthread_create(&thread, &detached, live_detached, &running), 0);
    }
    while (atomic_load(&running) > 0)
        sched_yield();
    pthread_attr_destroy(&detached);
}

/* PTHREAD_STACK_MIN leaves no room for an allocator that keeps large things on its caller's stack. */
static void threads_with_the_smallest_stack(void **state)
{
    pthread_attr_t small;
    (void)state;
    pthread_attr_init(&small);
    assert_int_equal(pthread_attr_setstacksize(&small, (size_t)sysconf(_SC_THREAD_STACK_MIN)), 0);
    for (size_t i = 0; i < 50; i++) {
        pthread_t thread;
        void *failures = NULL;
        assert_int_equal(pthread_create(&thread, &small, live_briefly, (void *)i), 0);
        assert_int_equal(pthread_join(thread, &failures), 0);
        assert_null(failures);
    }
    pthread_attr_destroy(&small);
}

static void *allocate_until_cancelled(void *argument)
{
    (void)argument;
    for (;;) {
        free(malloc(100));
        pthread_testcancel();
    }
    return NULL;
}

static void cancelled_threads_leave_a_sound_heap(void **state)
{
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, allocate_until_cancelled, NULL), 0);
        free(malloc(200));
        assert_int_equal(pthread_cancel(thread), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(allocate_check_and_free(3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_four_threads_at_once),
        cmocka_unit_test(blocks_freed_by_other_threads),
        cmocka_unit_test(blocks_outlive_their_thread),
        cmocka_unit_test(two_thousand_threads_come_and_go),
        cmocka_unit_test(detached_threads_come_and_go),
        cmocka_unit_test(threads_with_the_smallest_stack),
        cmocka_unit_test(cancelled_threads_leave_a_sound_heap),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
