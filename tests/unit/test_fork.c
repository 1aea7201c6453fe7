/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* fork, vfork, _Fork and posix_spawn, from programs with one thread and with many. */
#include "unit.h"

#include <spawn.h>
#include <stdatomic.h>

static atomic_bool stop;

static void *hammer(void *argument)
{
    uint64_t random = (uint64_t)(size_t)argument;
    void *blocks[50] = {NULL};
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        size_t i = next_random(&random) % COUNT(blocks);
        free(blocks[i]);
        blocks[i] = malloc(next_random(&random) % (random % 50 == 0 ? 300000 : 2000));
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    return NULL;
}

/* Emulated, a child takes a second. */
static size_t repeats(size_t wanted)
{
    return emulated() ? wanted / 10 : wanted;
}

static size_t allocate_for_a_while(void)
{
    void *blocks[100];
    size_t failures = 0;
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < COUNT(blocks); i++) {
            size_t size = i % 10 == 0 ? 200000 : i * 37;
            blocks[i] = malloc(size);
            if (blocks[i] == NULL)
                failures++;
            else
                fill(blocks[i], size < 1000 ? size : 1000, i);
        }
        for (size_t i = 0; i < COUNT(blocks); i++) {
            size_t size = i % 10 == 0 ? 200000 : i * 37;
            if (blocks[i] != NULL && !intact(blocks[i], size < 1000 ? size : 1000, i))
                failures++;
            free(blocks[i]);
        }
    }
    return failures;
}

static void *allocate_on_a_thread(void *argument)
{
    (void)argument;
    return (void *)allocate_for_a_while();
}

static void start_hammers(pthread_t *threads, size_t count)
{
    atomic_store(&stop, false);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)), 0);
}

static void stop_hammers(pthread_t *threads, size_t count)
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void allocate_in_the_child(void *inherited)
{
    size_t failures = allocate_for_a_while();
    if (inherited != NULL && !intact(inherited, 5000, 77))
        failures++;
    free(inherited);
    if (failures != 0)
        _exit(1);
}

static void a_child_uses_and_frees_what_it_inherits(void **state)
{
    (void)state;
    for (size_t i = 0; i < repeats(50); i++) {
        void *block = malloc(5000);
        assert_non_null(block);
        fill(block, 5000, 77);
        assert_exits_0(status_of_child(allocate_in_the_child, block));
        assert_true(intact(block, 5000, 77));
        free(block);
    }
}

static void two_hundred_forks_under_load(void **state)
{
    pthread_t threads[4];
    (void)state;
    start_hammers(threads, COUNT(threads));
    for (size_t i = 0; i < repeats(200); i++)
        assert_exits_0(status_of_child(allocate_in_the_child, NULL));
    stop_hammers(threads, COUNT(threads));
}

static void start_threads_in_the_child(void *unused)
{
    pthread_t threads[4];
    (void)unused;
    for (size_t i = 0; i < COUNT(threads); i++) {
        if (pthread_create(&threads[i], NULL, allocate_on_a_thread, NULL) != 0)
            _exit(2);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        if (failures != NULL)
            _exit(3);
    }
}

static void a_child_starts_threads_of_its_own(void **state)
{
    pthread_t threads[3];
    (void)state;
    if (emulated())
        skip_because("qemu-user stops with an assertion of its own when the child of a fork starts threads");
    start_hammers(threads, COUNT(threads));
    for (size_t i = 0; i < repeats(30); i++)
        assert_exits_0(status_of_child(start_threads_in_the_child, NULL));
    stop_hammers(threads, COUNT(threads));
}

static void fork_again(void *depth)
{
    size_t left = (size_t)depth;
    if (allocate_for_a_while() != 0)
        _exit(1);
    if (left == 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        fork_again((void *)(left - 1));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0)
        _exit(2);
}

static void children_of_children(void **state)
{
    (void)state;
    assert_exits_0(status_of_child(fork_again, (void *)10));
}

static size_t fork_on_a_thread(size_t number)
{
    size_t failures = 0;
    (void)number;
    for (size_t i = 0; i < repeats(20); i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(allocate_for_a_while() == 0 ? 0 : 1);
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            failures++;
    }
    return failures;
}

static void several_threads_fork_at_once(void **state)
{
    (void)state;
    assert_int_equal(failures_on_threads(4, fork_on_a_thread), 0);
}

static void *held_by_handlers;
static size_t handler_calls;

static void allocate_in_a_handler(void)
{
    void *block = malloc(1000 + handler_calls);
    if (block == NULL)
        _exit(4);
    free(held_by_handlers);
    held_by_handlers = block;
    handler_calls++;
}

/* Kept for last: what is registered here runs at every later fork. */
static void atfork_handlers_allocate(void **state)
{
    pthread_t threads[3];
    (void)state;
    assert_int_equal(pthread_atfork(allocate_in_a_handler, allocate_in_a_handler, allocate_in_a_handler), 0);
    start_hammers(threads, COUNT(threads));
    for (size_t i = 0; i < repeats(50); i++)
        assert_exits_0(status_of_child(allocate_in_the_child, NULL));
    stop_hammers(threads, COUNT(threads));
    assert_int_equal(handler_calls, 2 * repeats(50));
    free(held_by_handlers);
    held_by_handlers = NULL;
}

/* As execvp and its callers do, this child allocates in the memory that it shares with its parent. */
static int status_of_vfork(void)
{
    static volatile pid_t child;
    int status = -1;
    child = vfork();
    if (child == 0) {
        free(opaque(malloc(500)));
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status;
}

static void vfork_children_share_the_heap(void **state)
{
    (void)state;
    for (size_t i = 0; i < repeats(100); i++) {
        void *block = malloc(300);
        assert_non_null(block);
        fill(block, 300, i);
        assert_int_equal(status_of_vfork(), 0);
        assert_true(intact(block, 300, i));
        free(block);
    }
    assert_int_equal(allocate_for_a_while(), 0);
}

static void spawned_programs_run(void **state)
{
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    pthread_t threads[3];
    if (emulated())
        skip_because("the emulator cannot start a program of its own kind");
    (void)state;
    start_hammers(threads, COUNT(threads));
    for (size_t i = 0; i < repeats(50); i++) {
        pid_t child = 0;
        int status = 0;
        assert_int_equal(posix_spawnp(&child, "true", NULL, NULL, arguments, environ), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_exits_0(status);
    }
    stop_hammers(threads, COUNT(threads));
}

/* _Fork runs no handlers, so a library that relies on them alone has another process's locks and randomness.
 */
static void a_child_of_fork_without_handlers_allocates(void **state)
{
    (void)state;
    for (size_t i = 0; i < repeats(20); i++) {
        fflush(NULL);
        pid_t child = _Fork();
        if (child == 0)
            _exit(allocate_for_a_while() == 0 ? 0 : 1);
        assert_true(child > 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_exits_0(status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_uses_and_frees_what_it_inherits),
        cmocka_unit_test(two_hundred_forks_under_load),
        cmocka_unit_test(a_child_starts_threads_of_its_own),
        cmocka_unit_test(children_of_children),
        cmocka_unit_test(several_threads_fork_at_once),
        cmocka_unit_test(vfork_children_share_the_heap),
        cmocka_unit_test(spawned_programs_run),
        cmocka_unit_test(a_child_of_fork_without_handlers_allocates),
        cmocka_unit_test(atfork_handlers_allocate),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
