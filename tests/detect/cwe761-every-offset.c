/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pointer into a block is freed: every offset from its first byte to its last.
 *
 * expect: bad-free
 * sizes: 40 200
 */
#include "misuse.h"

#include <sys/wait.h>

/* Each offset ends a process, so each has its own. */
static void free_inside(size_t size, size_t offset)
{
    char *block = must(malloc(size));
    free(opaque(block + offset));
}

static void bad(size_t size)
{
    for (size_t offset = 1; offset + 1 < size; offset++) {
        pid_t child = fork();
        if (child == 0) {
            if (freopen("/dev/null", "w", stderr) == NULL)
                _exit(3);
            free_inside(size, offset);
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFSIGNALED(status)) {
            fprintf(stderr, "block + %zu was freed\n", offset);
            _exit(3);
        }
    }
    free_inside(size, size - 1);
}

static void good(size_t size)
{
    free_inside(size, 0);
}
