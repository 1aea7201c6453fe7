/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Guard pages that cost mappings are made within a budget. A process that has allocated and freed large
 * blocks for a long time has as many left for the next one as it had in the beginning.
 */
#include "blocks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CYCLES = 30000,
    BLOCKS = 100
};

/* Whether a write one page behind the block's last one faults. */
static bool is_guarded(char *block, size_t size)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        size_t page = (size_t)getpagesize();
        signal(SIGSEGV, SIG_DFL);
        *(volatile char *)opaque((char *)((uintptr_t)(block + size - 1) / page * page + page)) = 1;
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGSEGV;
}

static size_t count_guarded(void)
{
    static char *blocks[BLOCKS];
    size_t size = 300000, guarded = 0;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(size);
    for (size_t i = 0; i < BLOCKS; i++)
        guarded += blocks[i] != NULL && is_guarded(blocks[i], size);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return guarded;
}

int main(void)
{
    size_t early = count_guarded();
    for (size_t i = 0; i < CYCLES; i++)
        free(malloc(200000 + i % 7 * 4096));
    size_t late = count_guarded();
    printf("of %d large blocks, %zu had a guard page in the beginning and %zu after %d others\n", BLOCKS,
           early, late, CYCLES);
    return early == BLOCKS && late == BLOCKS ? 0 : 1;
}
