/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The child of a fork frees a block that its parent had freed before.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

#include <signal.h>
#include <sys/wait.h>

static void free_and_fork(size_t size, bool twice)
{
    void *block = must(malloc(size));
    free(block);
    pid_t child = fork();
    if (child == 0) {
        if (twice)
            free(opaque(block));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    /* The child's fate is the case's. */
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

static void bad(size_t size)
{
    free_and_fork(size, true);
}

static void good(size_t size)
{
    free_and_fork(size, false);
}
