/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parent writes past the end of a block, the child of a fork frees it.
 *
 * expect: heap-buffer-overflow
 * expect from 8192: heap-buffer-overflow | fault
 * sizes: some 131072 1048576
 * needs: canaries
 */
#include "misuse.h"

#include <signal.h>
#include <sys/wait.h>

static void write_and_fork(size_t size, size_t offset)
{
    char *block = must(malloc(size));
    damage(block, (ptrdiff_t)offset);
    pid_t child = fork();
    if (child == 0) {
        free(block);
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
    write_and_fork(size, size);
}

static void good(size_t size)
{
    write_and_fork(size, size - 1);
}
