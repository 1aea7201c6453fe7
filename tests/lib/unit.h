/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the unit tests share: cmocka, filled blocks, and children whose fate is the result.
 *
 * cmocka's assertions jump back into the test, so they are for the test's own thread and process alone. Other
 * threads and children count what went wrong, and the test asserts on the count.
 */
#ifndef UNIT_H
#define UNIT_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "blocks.h"

/* The signal handling of a fresh process: cmocka catches faults, a child's fault must end it. */
static inline void default_signals(void)
{
    static const int caught[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS};
    for (size_t i = 0; i < COUNT(caught); i++)
        signal(caught[i], SIG_DFL);
}

/* Run work(argument) in a child with its stderr closed; the child exits 0 unless work ends it. Returns wait's
 * status. */
static inline int status_of_child(void (*work)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        default_signals();
        dup2(null, STDERR_FILENO);
        work(argument);
        _exit(0);
    }
    assert_true(child > 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

#define assert_dies_by(signal_number, work, argument)                                                        \
    do {                                                                                                     \
        int status_ = status_of_child(work, argument);                                                       \
        assert_true(WIFSIGNALED(status_));                                                                   \
        assert_int_equal(WTERMSIG(status_), signal_number);                                                  \
    } while (0)

#define assert_exits_0(status)                                                                               \
    do {                                                                                                     \
        int status_ = (status);                                                                              \
        assert_false(WIFSIGNALED(status_));                                                                  \
        assert_int_equal(WEXITSTATUS(status_), 0);                                                           \
    } while (0)

/* Skip the test, and say why in the way tests/lib/tap.awk looks for. */
#define skip_because(...)                                                                                    \
    do {                                                                                                     \
        print_message("# skip: " __VA_ARGS__);                                                               \
        print_message("\n");                                                                                 \
        skip();                                                                                              \
    } while (0)

/* Whether the tests run under an emulator, which has an address space and limits of its own. */
static inline bool emulated(void)
{
    const char *runner = getenv("RUNNER");
    return runner != NULL && *runner != '\0';
}

/*
 * Replace this process by a fresh start of its own program with one argument, the role to play, as tests/run
 * started it (TEST_LAUNCHER: preload and, in a cross build, the emulator). For the child of a fork.
 */
static inline void start_self(const char *role)
{
    static char words[4096];
    char *arguments[32];
    size_t count = 0;
    const char *launcher = getenv("TEST_LAUNCHER");
    snprintf(words, sizeof words, "%s", launcher != NULL ? launcher : "env");
    for (char *word = strtok(words, " "); word != NULL && count < COUNT(arguments) - 3;
         word = strtok(NULL, " "))
        arguments[count++] = word;
    static char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    static char role_copy[256];
    snprintf(role_copy, sizeof role_copy, "%s", role);
    arguments[count++] = self;
    arguments[count++] = role_copy;
    arguments[count] = NULL;
    execvp(arguments[0], arguments);
    _exit(127);
}

/* Run `body` on `count` threads, each with its number, and wait for all. Returns how many failures they
 * returned. */
struct thread_task {
    size_t (*body)(size_t number);
    size_t number;
    size_t failures;
};

static inline void *thread_task_main(void *argument)
{
    struct thread_task *task = argument;
    task->failures = task->body(task->number);
    return NULL;
}

static inline size_t failures_on_threads(size_t count, size_t (*body)(size_t number))
{
    pthread_t *threads = calloc(count, sizeof *threads);
    struct thread_task *tasks = calloc(count, sizeof *tasks);
    size_t failures = 0;
    assert_non_null(threads);
    assert_non_null(tasks);
    for (size_t i = 0; i < count; i++) {
        tasks[i] = (struct thread_task){.body = body, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, thread_task_main, &tasks[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        failures += tasks[i].failures;
    }
    free(threads);
    free(tasks);
    return failures;
}

#endif
