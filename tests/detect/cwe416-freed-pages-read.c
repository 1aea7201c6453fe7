/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A freed block of a page or more is read, at every page of it.
 *
 * profile: strict
 * expect: fault
 * sizes: 4096 8192 12288 20000 65536 100000
 */
#include "misuse.h"

#include <sys/wait.h>

static volatile char seen;

static void touch(volatile char *block, size_t offset)
{
    seen = block[offset];
}

/* Each touch may end a process, so each has its own. */
static bool touch_is_fatal(volatile char *block, size_t offset)
{
    pid_t child = fork();
    if (child == 0) {
        touch(block, offset);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

static void bad(size_t size)
{
    char *block = must(malloc(size));
    memset(block, 'x', size);
    free(block);
    /* The pages that the block had to itself. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE), first = (page - (uintptr_t)block % page) % page;
    for (size_t offset = first; offset + page <= size; offset += page)
        if (!touch_is_fatal(opaque(block), offset))
            _exit(3);
    touch(opaque(block), first);
}

static void good(size_t size)
{
    char *block = must(malloc(size));
    for (size_t offset = 0; offset < size; offset++)
        touch(opaque(block), offset);
    free(block);
}
