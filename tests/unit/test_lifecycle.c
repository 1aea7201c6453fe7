/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls that come early and late in the life of a process, a thread or a plug-in. */
#include "unit.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdatomic.h>

/* What compilers call for a C++ thread_local with a destructor. */
extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *handle);
extern void *__dso_handle;

static const char *beside_this_program(const char *name)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 256);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    assert_non_null(slash);
    snprintf(slash + 1, 256, "%s", name);
    return path;
}

/* --- threads that end
 * ------------------------------------------------------------------------------------------- */

static pthread_key_t key;
static atomic_size_t destructors_run;

/* Runs again and again, so that later rounds come when the allocator's own thread data may be gone. */
static void allocate_in_key_destructor(void *value)
{
    size_t round = *(size_t *)value;
    free(value);
    void *blocks[30];
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = malloc(i * 40);
        if (blocks[i] == NULL)
            return;
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    atomic_fetch_add(&destructors_run, 1);
    if (round + 1 < PTHREAD_DESTRUCTOR_ITERATIONS) {
        size_t *next = malloc(sizeof *next);
        *next = round + 1;
        pthread_setspecific(key, next);
    }
}

static void *set_key(void *argument)
{
    (void)argument;
    size_t *value = calloc(1, sizeof *value);
    pthread_setspecific(key, value);
    return NULL;
}

static void key_destructors_allocate(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&key, allocate_in_key_destructor), 0);
    for (size_t i = 0; i < 50; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, set_key, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(atomic_load(&destructors_run), 50 * PTHREAD_DESTRUCTOR_ITERATIONS);
    pthread_key_delete(key);
}

static atomic_size_t objects_destroyed;

static void destroy_object(void *object)
{
    free(object);
    void *block = malloc(1234);
    if (block != NULL)
        atomic_fetch_add(&objects_destroyed, 1);
    free(block);
}

static void *create_thread_local_object(void *argument)
{
    (void)argument;
    __cxa_thread_atexit_impl(destroy_object, malloc(64), &__dso_handle);
    free(malloc(32));
    return NULL;
}

static void thread_local_destructors_allocate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 50; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, create_thread_local_object, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(atomic_load(&objects_destroyed), 50);
}

/* --- processes that end
 * ----------------------------------------------------------------------------------------- */

static void *held_until_exit;

static void allocate_at_exit(void)
{
    void *block = realloc(held_until_exit, 100000);
    if (block == NULL || !intact(block, 1000, 6))
        _exit(5);
    free(block);
    free(malloc(700000));
    _exit(0);
}

static void exit_normally(void *unused)
{
    (void)unused;
    held_until_exit = malloc(1000);
    fill(held_until_exit, 1000, 6);
    atexit(allocate_at_exit);
    exit(6);
}

static void atexit_handlers_allocate(void **state)
{
    (void)state;
    assert_exits_0(status_of_child(exit_normally, NULL));
}

static atomic_bool main_is_leaving;

static void *allocate_during_exit(void *argument)
{
    (void)argument;
    for (;;) {
        free(malloc(100));
        free(malloc(200000));
        atomic_store(&main_is_leaving, true);
    }
    return NULL;
}

static void exit_while_threads_work(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, allocate_during_exit, NULL);
    }
    while (!atomic_load(&main_is_leaving))
        free(malloc(10));
    exit(0);
}

static void threads_work_on_while_the_process_exits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 30; i++)
        assert_exits_0(status_of_child(exit_while_threads_work, NULL));
}

static void leave_main_thread(void *unused)
{
    (void)unused;
    pthread_t thread;
    pthread_create(&thread, NULL, set_key, NULL);
    pthread_join(thread, NULL);
    pthread_exit(NULL);
}

static void the_main_thread_may_end_first(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&key, allocate_in_key_destructor), 0);
    assert_exits_0(status_of_child(leave_main_thread, NULL));
    pthread_key_delete(key);
}

/* --- plug-ins
 * --------------------------------------------------------------------------------------------------- */

static size_t load_and_unload(size_t number)
{
    static char path[4096];
    static atomic_bool path_is_set;
    size_t failures = 0;
    if (number == 0 && !atomic_load(&path_is_set)) {
        snprintf(path, sizeof path, "%s", beside_this_program("libplugin.so"));
        atomic_store(&path_is_set, true);
    }
    while (!atomic_load(&path_is_set))
        free(malloc(1));
    for (size_t i = 0; i < 100; i++) {
        void *plugin = dlopen(path, RTLD_NOW);
        if (plugin == NULL)
            return failures + 1;
        int (*call)(void) = (int (*)(void))dlsym(plugin, "plugin_call");
        if (call == NULL || call() != 1)
            failures++;
        dlclose(plugin);
    }
    return failures;
}

static void plugins_come_and_go(void **state)
{
    (void)state;
    assert_int_equal(load_and_unload(0), 0);
}

static void plugins_come_and_go_on_many_threads(void **state)
{
    (void)state;
    assert_int_equal(failures_on_threads(4, load_and_unload), 0);
}

static void dlerror_texts_are_freed_by_their_owner(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        assert_null(dlopen("/nonexistent/library.so", RTLD_NOW));
        assert_non_null(dlerror());
    }
}

/* --- processes that start
 * --------------------------------------------------------------------------------------- */

static void start_with_early_library(void *unused)
{
    (void)unused;
    static char launcher[8192];
    const char *old = getenv("TEST_LAUNCHER");
    const char *preload = old != NULL ? strstr(old, "LD_PRELOAD=") : NULL;
    if (preload == NULL)
        _exit(7);
    /* Named first: the dynamic linker relocates the last library first, and the allocator must have been. */
    snprintf(launcher, sizeof launcher, "%.*sLD_PRELOAD=%s:%s", (int)(preload - old), old,
             beside_this_program("libearly.so"), preload + strlen("LD_PRELOAD="));
    setenv("TEST_LAUNCHER", launcher, 1);
    start_self("early");
}

static void calls_before_constructors_are_served(void **state)
{
    (void)state;
    assert_exits_0(status_of_child(start_with_early_library, NULL));
}

static int play_early_role(void)
{
    int (*check)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "early_blocks_are_intact");
    return check != NULL && check() == 1 ? 0 : 1;
}

static void clear_the_environment(void *unused)
{
    (void)unused;
    clearenv();
    for (size_t size = 1; size < 1 * MIB; size *= 2) {
        setenv("LONG", "value", 1);
        free(malloc(size));
    }
}

static void the_environment_may_be_cleared(void **state)
{
    (void)state;
    assert_exits_0(status_of_child(clear_the_environment, NULL));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "early") == 0)
        return play_early_role();

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_destructors_allocate),
        cmocka_unit_test(thread_local_destructors_allocate),
        cmocka_unit_test(atexit_handlers_allocate),
        cmocka_unit_test(threads_work_on_while_the_process_exits),
        cmocka_unit_test(the_main_thread_may_end_first),
        cmocka_unit_test(plugins_come_and_go),
        cmocka_unit_test(plugins_come_and_go_on_many_threads),
        cmocka_unit_test(dlerror_texts_are_freed_by_their_owner),
        cmocka_unit_test(calls_before_constructors_are_served),
        cmocka_unit_test(the_environment_may_be_cleared),
    };
    return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
