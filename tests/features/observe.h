/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The frame of a program that observes one feature from outside. It exits 0 if the feature's effect is there,
 * 1 if it is not, 2 if it could not look.
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "opaque.h"
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool observed(void);

static inline void *must(void *block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        _exit(2);
    }
    return block;
}

/* Whether a child that does this ends by abort(), as after a report. */
static inline bool aborts(void (*work)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        work();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        _exit(2);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int main(void)
{
    return observed() ? 0 : 1;
}

#endif
