/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * clones HOW CALL: children that run no handlers of pthread_atfork(), from a process whose threads are in the
 * middle of everything. HOW is _Fork, clone (with no flags) or vm (which shares the memory, as vfork does);
 * CALL is the first that the child makes.
 */
#include "blocks.h"
#include "hang.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compatmalloc.h"

#pragma weak compatmalloc_check_integrity
#pragma weak compatmalloc_statistics_get

enum {
    THREADS = 3,
    CHILDREN = 150,
    STACK = 64 << 10
};

static void *small, *large;

static void *keep_busy(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    void *blocks[30] = {NULL};
    for (;;) {
        size_t i = next_random(&random) % COUNT(blocks);
        if (next_random(&random) % 4 == 0) {
            blocks[i] = realloc(blocks[i], 140000 + next_random(&random) % 400000);
        } else {
            free(blocks[i]);
            blocks[i] = malloc(next_random(&random) % (next_random(&random) % 4 == 0 ? 400000 : 3000));
        }
    }
    return NULL;
}

/* Each is some child's first call. */
static void call_malloc(void)
{
    for (size_t i = 0; i < 3000; i++)
        free(opaque(malloc(i)));
}

static void call_malloc_large(void)
{
    free(opaque(malloc(500000)));
}

static void call_free_large(void)
{
    free(large);
    large = NULL;
}

static void call_realloc_large(void)
{
    large = realloc(large, 700000);
}

static void call_realloc_small(void)
{
    small = realloc(small, 90000);
}

static void call_usable_size(void)
{
    (void)malloc_usable_size(large);
}

static void call_trim(void)
{
    malloc_trim(0);
}

static void call_statistics(void)
{
    struct compatmalloc_statistics statistics;
    (void)mallinfo2();
    if (compatmalloc_statistics_get)
        compatmalloc_statistics_get(&statistics, sizeof statistics);
}

static void call_check(void)
{
    if (compatmalloc_check_integrity && compatmalloc_check_integrity() != 0)
        _exit(1);
}

static void call_fork(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        call_realloc_large();
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        _exit(1);
}

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
    {"malloc", call_malloc},
    {"malloc-large", call_malloc_large},
    {"free-large", call_free_large},
    {"realloc-large", call_realloc_large},
    {"realloc-small", call_realloc_small},
    {"usable-size", call_usable_size},
    {"trim", call_trim},
    {"statistics", call_statistics},
    {"check", call_check},
    {"fork", call_fork},
};

static void (*first)(void);

static void be_a_child(void)
{
    end_if_it_hangs();
    first();
    call_malloc();
    call_realloc_large();
    call_malloc_large();
    _exit(0);
}

/* Its memory is the parent's, so it leaves things as they were. */
static int be_a_guest(void *unused)
{
    (void)unused;
    call_malloc();
    call_malloc_large();
    call_usable_size();
    _exit(0);
}

static pid_t make_child(const char *how)
{
    static char stack[STACK] __attribute__((aligned(64)));
    if (strcmp(how, "vm") == 0)
        return clone(be_a_guest, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    pid_t child = strcmp(how, "clone") == 0 ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : _Fork();
    if (child == 0)
        be_a_child();
    return child;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < COUNT(calls); i++)
        if (strcmp(argv[2], calls[i].name) == 0)
            first = calls[i].call;
    if (!first) {
        fputs("usage: clones _Fork|clone|vm CALL\n", stderr);
        return 2;
    }
    small = malloc(100);
    large = malloc(300000);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, keep_busy, (void *)(i + 1)) != 0)
            return 2;
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        int status = -1;
        pid_t child = make_child(argv[1]);
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("child %zu: wait status %#x\n", i, (unsigned)status);
            fflush(stdout);
            _exit(1);
        }
    }
    _exit(0);
}
